// The client's end of one request by `fetch` to the `FakeServer`: an answer, or an event stream.

import type { FakeLine } from './FakeLine.js'
import type { Answer } from './FakePolls.js'
import type { FakeServer, Peer, Request } from './FakeServer.js'

export class FakeRequest {
  readonly response: Promise<Response>
  readonly #line: FakeLine
  #resolve: (response: Response) => void = () => {}
  #reject: (error: Error) => void = () => {}
  #forgetSignal = () => {}
  #body: ReadableStreamDefaultController<Uint8Array> | undefined

  constructor(line: FakeLine, signal: AbortSignal | null | undefined) {
    this.#line = line
    this.response = new Promise((resolve, reject) => {
      this.#resolve = resolve
      this.#reject = reject
    })
    line.onCut = () => this.#fail(new TypeError('fetch failed'))
    const abort = () => {
      line.close()
      this.#fail(new DOMException('aborted', 'AbortError'))
    }
    signal?.addEventListener('abort', abort)
    this.#forgetSignal = () => signal?.removeEventListener('abort', abort)
  }

  refuse(): void {
    this.#line.down(() => this.#line.cut())
  }

  /** A captive portal's page. */
  answerFromPortal(): void {
    const headers = { 'Content-Type': 'text/html' }
    this.#line.down(() => this.#respond(new Response('<html>', { headers })))
  }

  ask(server: FakeServer, request: Request): void {
    this.#line.up(() => {
      this.#line.onLeft = server.request(request, (answer) => this.#answer(answer))
    })
  }

  stream(server: FakeServer, { token, query }: Request): void {
    this.#line.up(() => {
      const refusal = server.refusalOf(token, query.get('since'))
      if (refusal) return this.#answer(refusal)
      const peer = this.#peer()
      this.#line.onLeft = () => server.left(peer)
      this.#line.down(() => this.#openStream())
      const topics = (query.get('topics') ?? '').split(',').filter(Boolean)
      server.connect(peer, { token, since: query.get('since'), topics })
    })
  }

  #peer(): Peer {
    const write = (op: string, data: unknown) => {
      const bytes = new TextEncoder().encode(`event: ${op}\ndata: ${JSON.stringify(data)}\n\n`)
      this.#line.down(() => this.#line.isOpen && this.#body?.enqueue(bytes))
    }
    return {
      say: (op, data) => write(op, 'message' in data && op === 'message' ? data.message : data),
      close: (code) => {
        if (code === 1006) return this.refuse()
        write('closed', { code })
        this.#line.down(() => {
          if (this.#line.isOpen) this.#body?.close()
          this.#line.close()
        })
      },
    }
  }

  #openStream(): void {
    const start = (controller: ReadableStreamDefaultController<Uint8Array>) => {
      this.#body = controller
    }
    const headers = { 'Content-Type': 'text/event-stream' }
    if (this.#line.isOpen) this.#resolve(new Response(new ReadableStream({ start }), { headers }))
  }

  #answer(answer: Answer | undefined): void {
    if (!answer) return this.refuse()
    const { status, body, headers } = answer
    const type = { 'Content-Type': 'application/json' }
    const response = new Response(JSON.stringify(body), {
      status,
      headers: { ...type, ...headers },
    })
    this.#line.down(() => this.#respond(response))
  }

  #respond(response: Response): void {
    if (!this.#line.isOpen) return
    this.#line.onLeft = () => {}
    this.#line.close()
    this.#forgetSignal()
    this.#resolve(response)
  }

  #fail(error: Error): void {
    this.#reject(error)
    this.#body?.error(error)
  }
}
