// One connection through a `FaultProxy`: two sockets and what passes between them. It carries one
// request, whose head and whose answer's head are read; all else is bytes.

import { connect, type Socket } from 'node:net'
import { setImmediate as nextTurn } from 'node:timers/promises'
import {
  askingToClose,
  type Fault,
  HELD_STREAM_BYTES,
  heldBack,
  isEventStream,
  isUpgraded,
  isWebSocketUpgrade,
  readHead,
  refusesUpgrade,
} from './faults.js'
import { resetSocket } from './resetSocket.js'

const RESET_MS = { min: 1000, spread: 4000 }
/** Bytes that travel alone before others get a turn. */
const SLICES_PER_TURN = 16
const REFUSAL = 'HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\nConnection: close\r\n\r\n'

interface ProxiedConnectionOptions {
  readonly client: Socket
  readonly upstreamPort: number
  readonly fault: Fault
  readonly random: () => number
  /** Called when nothing of it is left. */
  readonly onGone: () => void
}

export class ProxiedConnection {
  readonly #client: Socket
  readonly #options: ProxiedConnectionOptions
  #upstream: Socket | undefined
  #fault: Fault
  /** Pending in a black hole, which hides also how a connection ended. */
  #thawed: Promise<void> | undefined
  #thaw = () => {}
  #resetTimer: NodeJS.Timeout | undefined
  #isSwallowing = false

  constructor(options: ProxiedConnectionOptions) {
    this.#options = options
    this.#client = options.client
    this.#fault = options.fault
    this.suffer(options.fault)
    this.#client.on('error', () => {})
    this.#client.on('close', () => void this.#afterThaw(() => this.destroy()))
    this.#serve().catch(() => this.#afterThaw(() => this.#reset()))
  }

  /** From here on the network does this to it. */
  suffer(fault: Fault): void {
    this.#fault = fault
    if (fault.kind !== 'blackhole') {
      this.#thaw()
      this.#thawed = undefined
    } else {
      this.#thawed ??= new Promise((resolve) => {
        this.#thaw = resolve
      })
    }
    clearTimeout(this.#resetTimer)
    if (fault.kind === 'resets') {
      const afterMs = RESET_MS.min + this.#options.random() * RESET_MS.spread
      this.#resetTimer = setTimeout(() => this.#reset(), afterMs)
    }
  }

  destroy(): void {
    clearTimeout(this.#resetTimer)
    this.#thaw()
    this.#client.destroy()
    this.#upstream?.destroy()
    this.#options.onGone()
  }

  async #afterThaw(end: () => void): Promise<void> {
    await this.#thawed
    end()
  }

  #reset(): void {
    resetSocket(this.#client)
    if (this.#upstream !== undefined) resetSocket(this.#upstream)
    this.destroy()
  }

  async #serve(): Promise<void> {
    const sent = chunksOf(this.#client)
    const { head, rest } = await readHead(sent)
    await this.#thawed
    const isUpgrade = isWebSocketUpgrade(head)
    if (isUpgrade && refusesUpgrade(this.#fault)) {
      this.#client.end(REFUSAL)
      for await (const _ of sent);
      return
    }
    const upstream = connect({
      host: '127.0.0.1',
      port: this.#options.upstreamPort,
      allowHalfOpen: true,
      noDelay: true,
    })
    upstream.on('error', () => {})
    this.#upstream = upstream
    const passed = isUpgrade ? head : askingToClose(head)
    await this.#pass(Buffer.concat([Buffer.from(passed, 'latin1'), rest]), upstream)
    await Promise.all([this.#passRequest(sent, upstream), this.#passAnswer(upstream)])
  }

  async #passRequest(sent: AsyncIterable<Buffer>, upstream: Socket): Promise<void> {
    for await (const chunk of sent) await this.#pass(chunk, upstream)
    await this.#thawed
    upstream.end()
  }

  async #passAnswer(upstream: Socket): Promise<void> {
    const answered = chunksOf(upstream)
    const { head, rest } = await readHead(answered)
    const { kind } = this.#fault
    const isHeld = kind === 'holdsFirstStreamBytes' && isEventStream(head)
    const isLost = kind === 'swallowAfterUpgrade' && isUpgraded(head)
    const first = Buffer.from(head, 'latin1')
    if (isLost) {
      await this.#pass(first, this.#client)
      this.#isSwallowing = true
    }
    const start = isLost ? rest : Buffer.concat([first, rest])
    for await (const bytes of heldBack(start, answered, isHeld ? HELD_STREAM_BYTES : 0)) {
      await this.#pass(bytes, this.#client)
    }
    await this.#thawed
    this.#client.end()
  }

  async #pass(bytes: Buffer, to: Socket): Promise<void> {
    await this.#thawed
    if (this.#isSwallowing) return
    if (this.#fault.kind !== 'slices') return written(bytes, to)
    for (let at = 0; at < bytes.length; at += 1) {
      await written(bytes.subarray(at, at + 1), to)
      if (at % SLICES_PER_TURN === SLICES_PER_TURN - 1) await nextTurn()
    }
  }
}

/** Unlike the socket's own iterator, this one leaves the other direction open when it ends. */
const chunksOf = (socket: Socket): AsyncIterableIterator<Buffer> =>
  socket.iterator({ destroyOnReturn: false }) as AsyncIterableIterator<Buffer>

/** Resolves when there is room for more; rejects if the socket closes before. */
function written(bytes: Buffer, to: Socket): Promise<void> | void {
  if (to.write(bytes)) return
  return new Promise((resolve, reject) => {
    const settle = () => {
      to.off('drain', settle).off('close', settle)
      if (to.destroyed) reject(new Error('the peer is gone'))
      else resolve()
    }
    to.on('drain', settle).on('close', settle)
    // It may have closed before there was a listener.
    if (to.closed) settle()
  })
}
