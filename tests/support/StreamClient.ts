// A Server-Sent Events stream as a test sees it: every event with its id and retry, in order.

import type { IncomingMessage } from 'node:http'
import { request } from 'node:http'
import { queryString } from './Api.js'
import { noteOpen } from './openClients.js'
import { Inbox } from './waitFor.js'

export interface StreamEvent {
  readonly event: string | undefined
  readonly id: string | undefined
  readonly retry: number | undefined
  // biome-ignore lint/suspicious/noExplicitAny: tests look into events freely
  readonly data: any
}

interface StreamOptions {
  readonly token?: string
  readonly query?: Record<string, string | number | readonly string[]>
  readonly headers?: Record<string, string>
}

export class StreamClient {
  readonly events = new Inbox<StreamEvent>()
  readonly response: IncomingMessage
  /** Resolves when the server has ended the stream, or it broke. */
  readonly ended: Promise<void>

  private constructor(response: IncomingMessage) {
    this.response = response
    this.ended = new Promise((resolve) => response.on('close', () => resolve()))
    response.on('error', () => {})
    response.on(
      'close',
      noteOpen(() => this.close()),
    )
    let rest = ''
    response.setEncoding('utf8')
    response.on('data', (chunk: string) => {
      const blocks = (rest + chunk).split('\n\n')
      rest = blocks.pop() ?? ''
      for (const block of blocks) this.events.add(parseBlock(block))
    })
  }

  static open(
    url: string,
    { token, query = {}, headers = {} }: StreamOptions = {},
  ): Promise<StreamClient> {
    return new Promise((resolve, reject) => {
      const outgoing = request(
        `${url}/api/sync/stream${queryString(query)}`,
        {
          agent: false,
          headers: { ...(token !== undefined && { Authorization: `Bearer ${token}` }), ...headers },
        },
        (response) => resolve(new StreamClient(response)),
      )
      outgoing.on('error', reject)
      outgoing.end()
    })
  }

  next(event: string, withinMs?: number): Promise<StreamEvent> {
    return this.events.next(`an event "${event}"`, (seen) => seen.event === event, withinMs)
  }

  /** The messages that came so far. */
  get messages(): StreamEvent['data'][] {
    return this.events.all.filter(({ event }) => event === 'message').map(({ data }) => data)
  }

  close(): void {
    this.response.destroy()
  }
}

function parseBlock(block: string): StreamEvent {
  const field = (name: string) =>
    block
      .split('\n')
      .filter((line) => line.startsWith(`${name}: `))
      .map((line) => line.slice(name.length + 2))
      .at(-1)
  const data = field('data')
  const retry = field('retry')
  return {
    event: field('event'),
    id: field('id'),
    retry: retry === undefined ? undefined : Number(retry),
    data: data === undefined ? undefined : JSON.parse(data),
  }
}
