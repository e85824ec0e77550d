// Server-Sent Events: the same stream over a plain GET, for networks that let no WebSocket
// through, and for `curl -N`.

import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Writable } from 'node:stream'
import { CLOSE, type CloseCode } from '../../shared/closeCodes.js'
import type { Since } from '../../shared/cursor.js'
import { SyncError } from '../../shared/errors.js'
import type { Principal } from '../../shared/principal.js'
import { StreamConnection, type StreamContext } from '../delivery/StreamConnection.js'
import { type Access, parseTopics } from '../security/Access.js'
import type { Admission } from '../security/Admission.js'
import { type AddressOf, addressKey } from '../security/addresses.js'
import type { ConnectionLimits } from '../security/ConnectionLimits.js'
import { parseSinceOr, queryOf, topicList } from './query.js'
import { chunkedSseFormat, retryField, sseFormat } from './sseFormat.js'
import type { Turnstile } from './Turnstile.js'

/** An EventSource comes back after 1–4 s, each connection told its own, so that not all come at once. */
const RETRY_MS = { min: 1000, spread: 3000 }

/** A stream has no ping: one that takes nothing for this many heartbeats counts as gone. */
const MAX_BLOCKED_BEATS = 3

export interface SseContext extends StreamContext {
  readonly access: Access
  readonly addressOf: AddressOf
  readonly limits: ConnectionLimits
  readonly admission: Pick<Admission, 'admit'>
  readonly turnstile: Turnstile
  readonly maxTopics: number
  /** Waits for what is at `since`, where it may come; gives the `since` to read on from. */
  readonly reach: (since: Since) => Promise<Since> | undefined
  /** From 0 up to 1. */
  readonly random: () => number
}

/** Answers `GET /stream`. Rejects with a `SyncError` before anything is written, never after. */
export async function serveStream(
  context: SseContext,
  principal: Principal,
  req: IncomingMessage,
  res: ServerResponse,
): Promise<void> {
  const query = queryOf(req)
  const since = parseSinceOr({ kind: 'now' }, lastEventId(req) ?? query.get('since') ?? undefined)
  const asked = parseTopics(topicList(query), context.maxTopics)
  const granted = context.access.grant(principal, asked)
  const address = addressKey(context.addressOf(req))
  res.once('close', context.limits.admitAddress(address))
  await context.turnstile.pass()
  const reached = await context.reach(since)
  const release = await context.admission.admit(principal, address)
  // Who left meanwhile would never be noticed to leave again.
  if (res.closed || res.destroyed) return release()
  res.once('close', release)

  res.writeHead(200, {
    'Content-Type': 'text/event-stream',
    'Cache-Control': 'no-store, no-transform',
    // Tells nginx not to buffer.
    'X-Accel-Buffering': 'no',
  })
  const retryMs = RETRY_MS.min + Math.floor(context.random() * RETRY_MS.spread)
  res.write(`${retryField(retryMs)}\n`)
  const connection = new SseConnection(context, principal, res)
  res.once('close', () => context.hub.remove(connection))
  connection.open(granted, reached ?? since)
}

/** Where EventSource stood when it lost its connection; it wins over the URL, which can't change. */
function lastEventId({ headersDistinct }: IncomingMessage): string | undefined {
  const ids = headersDistinct['last-event-id'] ?? []
  if (ids.length <= 1) return ids[0]
  throw new SyncError('invalid_request', 'Last-Event-ID: must be given once')
}

class SseConnection extends StreamConnection {
  readonly transport = 'sse'
  protected readonly format: typeof sseFormat
  readonly #response: ServerResponse
  /** Where events are written: framed for the socket itself, unless somebody else frames them. */
  readonly #medium: Writable
  #blockedBeats = 0
  #isOpen = true

  /** `response`: has written its head. */
  constructor(context: StreamContext, principal: Principal, response: ServerResponse) {
    super(context, principal)
    this.#response = response
    const { socket, chunkedEncoding: isChunked } = response
    this.format = isChunked ? chunkedSseFormat : sseFormat
    this.#medium = isChunked && socket !== null ? socket : response
    const onDrain = () => {
      this.#blockedBeats = 0
      // Node says so before the event loop turns: a fast reader would take its whole history in one.
      setImmediate(() => this.drained())
    }
    this.#medium.on('drain', onDrain)
    // The socket may serve another request after this one.
    response.once('close', () => {
      this.#isOpen = false
      this.#medium.off('drain', onDrain)
    })
    response.on('error', () => response.destroy())
  }

  get isOpen(): boolean {
    return this.#isOpen
  }

  protected write(bytes: Buffer): boolean {
    return this.#medium.write(bytes)
  }

  override beat(): void {
    this.#blockedBeats = this.isBlocked ? this.#blockedBeats + 1 : 0
    if (this.#blockedBeats >= MAX_BLOCKED_BEATS) this.destroy()
    else super.beat()
  }

  override drain(reconnectAfterMs: number): void {
    const body = JSON.stringify({ reconnectAfter: reconnectAfterMs })
    this.put(this.format.event('drain', body, undefined, reconnectAfterMs))
  }

  expire(): void {
    // One that takes nothing would keep what it has been sent, and its place, for as long as it likes.
    if (this.isBlocked) this.destroy()
    else this.#end(CLOSE.staleToken)
  }

  close(): void {
    this.#end(CLOSE.restarting)
  }

  destroy(): void {
    this.#isOpen = false
    this.#response.destroy()
  }

  #end({ code }: CloseCode): void {
    this.say('closed', { code })
    this.#isOpen = false
    this.#response.end()
  }
}
