// One request to the server. Whatever goes wrong becomes a sentence that says what to do.

import { CliFault } from './CliFault.js'
import { harmless } from './screen.js'
import type { Target } from './target.js'

const PATIENCE_MS = 15_000

interface Question {
  readonly path: string
  /** JSON; posted. Without one it is a GET. */
  readonly body?: string
  readonly headers?: Readonly<Record<string, string>>
}

export type Answer = Readonly<Record<string, unknown>>

/** Resolves with the server's answer where it is a success; throws a `CliFault` for all else. */
export async function ask(target: Target, question: Question): Promise<Answer> {
  const { path, body, headers } = question
  let response: Response
  let text: string
  try {
    response = await fetch(`${target.url}${path}`, {
      method: body === undefined ? 'GET' : 'POST',
      headers: {
        ...(target.token !== undefined && { Authorization: `Bearer ${target.token}` }),
        ...(body !== undefined && { 'Content-Type': 'application/json' }),
        ...headers,
      },
      ...(body !== undefined && { body }),
      signal: AbortSignal.timeout(PATIENCE_MS),
    })
    text = await response.text()
  } catch (error) {
    throw new CliFault(unreachable(target.url, error))
  }
  const answer = parsed(text)
  if (answer?.success === true) return answer
  throw new CliFault(refusal(target.url, response, answer))
}

function parsed(text: string): Answer | undefined {
  try {
    return Object(JSON.parse(text))
  } catch {
    return undefined
  }
}

function unreachable(url: string, error: unknown): string {
  const { name, cause } = error as Error
  if (name === 'TimeoutError') return `no answer from ${url} within ${PATIENCE_MS / 1000} s`
  const { code, message } = Object(cause) as Partial<NodeJS.ErrnoException>
  if (code === 'ECONNREFUSED') {
    return `no server at ${url}: start one with \`npx syncline start\`, or name one with --url`
  }
  return `can't reach ${url} (${code ?? message ?? 'no reason given'}): name another server with --url`
}

/** What to do about it, where the server can't know what the caller is using. */
const HINTS: ReadonlyMap<unknown, string> = new Map([
  [
    'unauthorized',
    'say who you are by SYNCLINE_TOKEN or --token-file (with AUTH_JWT_SECRET, `npx syncline token --user NAME` makes one); in open mode by --as alice',
  ],
  [
    'forbidden',
    [
      'a token that may publish to a topic: npx syncline token --user NAME --publish TOPIC',
      'a token that may publish to others: npx syncline token --user NAME --roles admin',
      'in open mode: --as alice:admin',
    ].join('\n'),
  ],
  ['unavailable', 'try again; with the same --key nothing is published twice'],
])

function refusal(url: string, response: Response, answer: Answer | undefined): string {
  const { status, headers } = response
  const { code, message } = Object(answer?.error)
  if (typeof code !== 'string' || typeof message !== 'string') {
    const kind = harmless(headers.get('content-type') ?? 'no content type')
    return `what answers at ${url} is no Syncline server (${status}, ${kind}): check --url`
  }
  const isOfThePlace = /^(Host|Origin):|open mode answers|a service publishes/.test(message)
  const hint = isOfThePlace ? undefined : HINTS.get(code)
  return [`${harmless(code)}: ${harmless(message)}`, ...(hint ? [hint] : [])].join('\n')
}
