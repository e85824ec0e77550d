// A reader that keeps nothing: it counts what is its own, and what is not, by the number that each
// message has for its payload. For a million messages.

import { Agent, get } from 'node:http'
import { WebSocket } from 'ws'
import { queryString } from './Api.js'

export const READER_TRANSPORTS = ['websocket', 'sse', 'long-poll', 'poll'] as const
type ReaderTransport = (typeof READER_TRANSPORTS)[number]

interface ReaderOptions {
  readonly url: string
  readonly token: string
  readonly topics: readonly string[]
  readonly transport: ReaderTransport
  /** Whether the message of this number is for this reader. */
  readonly isMine: (n: number) => boolean
}

interface Page {
  readonly messages: readonly { readonly payload: unknown }[]
  readonly cursor: string
  readonly hasMore: boolean
  readonly resync: boolean
}

const POLL_EVERY_MS = 100

export class CountingReader {
  readonly transport: ReaderTransport
  received = 0
  /** Not this reader's. */
  foreign = 0
  /** Twice, or out of order. */
  misplaced = 0
  resyncs = 0
  /** The number of the last message. */
  last = -1
  readonly #options: ReaderOptions
  readonly #agent = new Agent({ keepAlive: true })
  #leave: () => void = () => {}
  #hasLeft = false

  private constructor(options: ReaderOptions) {
    this.#options = options
    this.transport = options.transport
  }

  /** Resolves when it is connected, and reads from then on. */
  static async open(options: ReaderOptions): Promise<CountingReader> {
    const reader = new CountingReader(options)
    if (options.transport === 'websocket') await reader.#openSocket()
    else if (options.transport === 'sse') await reader.#openStream()
    else await reader.#poll(options.transport === 'long-poll' ? 20 : 0)
    return reader
  }

  close(): void {
    this.#hasLeft = true
    this.#leave()
    this.#agent.destroy()
  }

  #count(n: number): void {
    if (!this.#options.isMine(n)) this.foreign += 1
    else if (n <= this.last) this.misplaced += 1
    else {
      this.received += 1
      this.last = n
    }
  }

  #openSocket(): Promise<void> {
    const { url, token, topics } = this.#options
    const socket = new WebSocket(`${url.replace(/^http/, 'ws')}/ws`)
    this.#leave = () => socket.terminate()
    socket.on('open', () => socket.send(JSON.stringify({ op: 'connect', token, topics })))
    return new Promise((resolve, reject) => {
      socket.on('error', reject)
      socket.on('message', (data) => {
        const frame = JSON.parse(String(data))
        if (frame.op === 'message') this.#count(frame.message.payload)
        else if (frame.op === 'connected') resolve()
        else if (frame.op === 'resync') this.resyncs += 1
      })
    })
  }

  async #openStream(): Promise<void> {
    const { topics } = this.#options
    const response = await this.#get(`/stream${queryString({ topics: topics.join(',') })}`)
    if (response.statusCode !== 200) throw new Error(`the stream answered ${response.statusCode}`)
    this.#leave = () => response.destroy()
    response.on('error', () => {})
    let rest = ''
    return new Promise((resolve) => {
      response.setEncoding('utf8').on('data', (chunk: string) => {
        const blocks = (rest + chunk).split('\n\n')
        rest = blocks.pop() ?? ''
        for (const block of blocks) {
          const [, event, data] = /event: (\w+)\ndata: ([^\n]*)$/.exec(block) ?? []
          if (event === 'message') this.#count(JSON.parse(data!).payload)
          else if (event === 'connected') resolve()
          else if (event === 'resync') this.resyncs += 1
        }
      })
    })
  }

  /** The first answer is not held. */
  async #poll(wait: number): Promise<void> {
    const { cursor } = await this.#page('now', 0)
    void this.#pollOn(cursor, wait).catch(() => {
      if (!this.#hasLeft) this.misplaced += 1
    })
  }

  async #pollOn(from: string, wait: number): Promise<void> {
    for (let cursor = from; !this.#hasLeft; ) {
      const page = await this.#page(cursor, wait)
      for (const { payload } of page.messages) this.#count(payload as number)
      if (page.resync) this.resyncs += 1
      cursor = page.cursor
      // One that holds a poll takes what has come meanwhile at once, and not a page for each.
      const pause = wait === 0 ? POLL_EVERY_MS : POLL_EVERY_MS / 2
      if (!page.hasMore) await new Promise((resolve) => setTimeout(resolve, pause))
    }
  }

  async #page(since: string, wait: number): Promise<Page> {
    const query = { since, wait, limit: 1000, topics: this.#options.topics.join(',') }
    const response = await this.#get(`/poll${queryString(query)}`)
    let text = ''
    for await (const chunk of response.setEncoding('utf8')) text += chunk
    if (response.statusCode !== 200) throw new Error(`poll answered ${text}`)
    return JSON.parse(text)
  }

  #get(path: string): Promise<import('node:http').IncomingMessage> {
    const { url, token } = this.#options
    const headers = { Authorization: `Bearer ${token}` }
    return new Promise((resolve, reject) => {
      get(`${url}/api/sync${path}`, { agent: this.#agent, headers }, resolve).on('error', reject)
    })
  }
}
