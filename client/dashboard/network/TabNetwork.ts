// This tab's network, with switches: what the connection is given in place of the browser's own
// `fetch` and `WebSocket`. A blocked transport fails as it would behind a firewall that forbids it.

import type { SocketConstructor, SocketLike } from '../../connection/index.js'

export type Switch = 'websocket' | 'sse' | 'offline'

/** The same object until something in it changes. */
export interface NetworkSnapshot {
  /** What is switched off by hand. */
  readonly blocked: ReadonlySet<Switch>
  /** How often each was tried to be opened; a poll just happens. */
  readonly tries: { readonly websocket: number; readonly sse: number }
}

/** Milliseconds after which a socket that nobody lets out says that it failed. */
const REFUSED_AFTER_MS = 20
/** What was cut has said so by then. */
const CUT_WITHIN_MS = 50

export class TabNetwork {
  readonly fetch: typeof fetch
  readonly WebSocket: SocketConstructor
  #snapshot: NetworkSnapshot = { blocked: new Set(), tries: { websocket: 0, sse: 0 } }
  readonly #listeners = new Set<() => void>()
  readonly #cuts = new Set<{ readonly by: readonly Switch[]; readonly cut: () => void }>()

  constructor() {
    this.fetch = (input, init = {}) => this.#request(input, init)
    const open = (url: string) => this.#open(url)
    this.WebSocket = function (this: unknown, url: string) {
      return open(url)
    } as unknown as SocketConstructor
  }

  readonly getSnapshot = (): NetworkSnapshot => this.#snapshot

  readonly subscribe = (onChange: () => void): (() => void) => {
    this.#listeners.add(onChange)
    return () => this.#listeners.delete(onChange)
  }

  /** Blocking cuts at once what is open. Either way the page is told, as by a network that changes. */
  block(name: Switch, isBlocked: boolean): void {
    const blocked = new Set(this.#snapshot.blocked)
    if (isBlocked) blocked.add(name)
    else blocked.delete(name)
    this.#change({ blocked })
    for (const { by, cut } of this.#cuts) if (by.some((each) => blocked.has(each))) cut()
    if (!blocked.has('offline')) setTimeout(() => dispatchEvent(new Event('online')), CUT_WITHIN_MS)
  }

  #request(input: RequestInfo | URL, init: RequestInit): Promise<Response> {
    const isStream = new URL(String(input), location.href).pathname.endsWith('/stream')
    if (isStream) this.#noteTry('sse')
    const by: readonly Switch[] = isStream ? ['sse', 'offline'] : ['offline']
    if (this.#isBlocked(by)) return Promise.reject(blockedError())
    const controller = new AbortController()
    const signal = init.signal
      ? AbortSignal.any([init.signal, controller.signal])
      : controller.signal
    const entry = { by, cut: () => controller.abort(blockedError()) }
    this.#cuts.add(entry)
    const forget = () => this.#cuts.delete(entry)
    signal.addEventListener('abort', forget)
    const answer = fetch(input, { ...init, signal })
    // A stream stays to be cut until it is aborted; everything else ends with its answer.
    if (!isStream) answer.then(forget, forget)
    return answer
  }

  #open(url: string): SocketLike {
    this.#noteTry('websocket')
    const by: readonly Switch[] = ['websocket', 'offline']
    if (this.#isBlocked(by)) return refusedSocket()
    const socket = new WebSocket(url)
    const entry = { by, cut: () => socket.close() }
    this.#cuts.add(entry)
    socket.addEventListener('close', () => this.#cuts.delete(entry))
    return socket
  }

  #isBlocked(by: readonly Switch[]): boolean {
    return by.some((name) => this.#snapshot.blocked.has(name))
  }

  #noteTry(transport: 'websocket' | 'sse'): void {
    const { tries } = this.#snapshot
    this.#change({ tries: { ...tries, [transport]: tries[transport] + 1 } })
  }

  #change(change: Partial<NetworkSnapshot>): void {
    this.#snapshot = { ...this.#snapshot, ...change }
    for (const listener of this.#listeners) listener()
  }
}

const blockedError = () => new TypeError('blocked in this tab')

function refusedSocket(): SocketLike {
  const socket: SocketLike = {
    onopen: null,
    onmessage: null,
    onclose: null,
    onerror: null,
    send() {},
    close() {},
  }
  setTimeout(() => {
    socket.onerror?.(new Event('error') as never)
    socket.onclose?.(new CloseEvent('close', { code: 1006 }) as never)
  }, REFUSED_AFTER_MS)
  return socket
}
