// POST /api/query, /api/mutation and /api/action, as ConvexHttpClient sends them, and what may go wrong
// with the answer.

import type { IncomingMessage, ServerResponse } from 'node:http'
import { setTimeout as delay } from 'node:timers/promises'
import type { JSONValue } from 'convex/values'
import { z } from 'zod'
import type { Call, ConvexFunctions, FunctionKind } from './ConvexFunctions.js'
import { claimsOf } from './claims.js'

/**
 * `junk`: an answer that is no JSON; `error`: 503; `hang`: none at all; `lost`: the function runs, and
 * the connection is cut before the answer.
 */
export type HttpFault = 'junk' | 'error' | 'hang' | 'lost'

/** What a function that failed is answered with. */
const FUNCTION_FAILED = 560

const HEADERS = {
  'Access-Control-Allow-Origin': '*',
  'Access-Control-Allow-Headers': 'authorization, content-type, convex-client',
}

const callSchema = z.object({
  path: z.string(),
  args: z.array(z.custom<JSONValue>()).default([{}]),
})

interface HttpApi {
  readonly functions: ConvexFunctions
  readonly fault: HttpFault | undefined
  readonly delayMs: number
}

export async function answerHttp(
  request: IncomingMessage,
  response: ServerResponse,
  { functions, fault, delayMs }: HttpApi,
): Promise<void> {
  const kind = /^\/api\/(query|mutation|action)$/.exec(request.url ?? '')?.[1]
  if (request.method === 'OPTIONS') return answer(response, 204)
  if (kind === undefined || request.method !== 'POST') return answer(response, 404, 'Not Found')
  const body = await textOf(request)
  await delay(delayMs)
  if (fault === 'hang') return
  if (fault === 'error') return answer(response, 503, 'Service Unavailable')
  if (fault === 'junk') return answer(response, 200, '<html>junk</html>')
  const call = callOf(kind as FunctionKind, body, request.headers.authorization)
  if (call === undefined) return answer(response, 400, 'BadJsonBody')
  const outcome = await runInTurn(functions, call)
  if (fault === 'lost') {
    response.destroy()
    return
  }
  const { success, ...rest } = outcome
  const status = success ? 'success' : 'error'
  answer(response, success ? 200 : FUNCTION_FAILED, { status, ...rest, logLines: [] })
}

/** Actions call mutations themselves, and so wait for no turn. */
async function runInTurn(functions: ConvexFunctions, call: Call) {
  if (call.kind === 'query') return functions.inTurn(() => functions.run(call))
  const outcome = await (call.kind === 'action'
    ? functions.run(call)
    : functions.inTurn(() => functions.run(call)))
  void functions.changed()
  return outcome
}

function callOf(kind: FunctionKind, body: string, authorization = ''): Call | undefined {
  try {
    const { path, args } = callSchema.parse(JSON.parse(body))
    const token = /^Bearer (.+)$/.exec(authorization)?.[1]
    return { kind, path, args, claims: token === undefined ? undefined : claimsOf(token) }
  } catch {
    return undefined
  }
}

async function textOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(chunk as Buffer)
  return Buffer.concat(chunks).toString()
}

function answer(response: ServerResponse, status: number, body: object | string = ''): void {
  const isText = typeof body === 'string'
  response.writeHead(status, {
    ...HEADERS,
    'Content-Type': isText ? 'text/plain' : 'application/json',
  })
  response.end(isText ? body : JSON.stringify(body))
}
