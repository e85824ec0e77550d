// What a middleware of Express would say in the headers of every answer, asked of it once.

import { type IncomingHttpHeaders, IncomingMessage, ServerResponse } from 'node:http'
import { Socket } from 'node:net'
import type { Request, RequestHandler, Response } from 'express'
import type { Head } from '../transports/head.js'

/** What `middleware` sets for a GET with these headers. For one that decides at once, by them alone. */
export function recordHeaders(middleware: RequestHandler, headers: IncomingHttpHeaders = {}): Head {
  const request = new IncomingMessage(new Socket())
  Object.assign(request, { method: 'GET', url: '/', headers })
  const response = new RecordingResponse(request)
  let isDone = false
  // Those that only set headers ask for nothing of Express's own.
  middleware(request as Request, response as ServerResponse as Response, () => {
    isDone = true
  })
  if (!isDone) throw new Error('this middleware does not decide at once')
  return [...response.recorded].flat()
}

class RecordingResponse extends ServerResponse {
  readonly recorded = new Map<string, string>()

  override setHeader(name: string, value: number | string | readonly string[]): this {
    this.recorded.set(name, String(value))
    return super.setHeader(name, value)
  }
}
