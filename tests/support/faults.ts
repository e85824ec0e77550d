// What a network between a client and the server may do to them, and the little of HTTP that one
// must read to do it.

export type Fault =
  | { readonly kind: 'none' }
  /** Lets the answer to a WebSocket's upgrade through, and not one frame behind it. */
  | { readonly kind: 'swallowAfterUpgrade' }
  /** Answers an upgrade with 400, as proxies do that know nothing of it. */
  | { readonly kind: 'blocksWebSocket' }
  /** Resets every connection 1–5 s after the fault or the connection began, whichever is later. */
  | { readonly kind: 'resets' }
  /** Every byte travels alone. */
  | { readonly kind: 'slices' }
  /**
   * Holds an event stream back until 64 kB of it have come, and refuses WebSockets, since where
   * those work no stream is opened.
   */
  | { readonly kind: 'holdsFirstStreamBytes' }
  /** Nothing moves: open connections freeze, new ones are accepted and stay mute. */
  | { readonly kind: 'blackhole' }
  /** New connections are ended at once. */
  | { readonly kind: 'refuse' }

export const NO_FAULT: Fault = { kind: 'none' }

/** How much of a stream `holdsFirstStreamBytes` keeps. */
export const HELD_STREAM_BYTES = 64 * 1024

/** A head that grows beyond this is none. */
const MAX_HEAD_BYTES = 64 * 1024

export function refusesUpgrade({ kind }: Fault): boolean {
  return kind === 'blocksWebSocket' || kind === 'holdsFirstStreamBytes'
}

/** The head of a request or an answer, with its empty line, and what came behind it. */
export async function readHead(
  chunks: AsyncIterator<Buffer>,
): Promise<{ readonly head: string; readonly rest: Buffer }> {
  let bytes = Buffer.alloc(0)
  while (bytes.length <= MAX_HEAD_BYTES) {
    const { value, done } = await chunks.next()
    if (done) throw new Error('ended before its head was complete')
    bytes = Buffer.concat([bytes, value])
    const end = bytes.indexOf('\r\n\r\n') + 4
    if (end >= 4) return { head: bytes.toString('latin1', 0, end), rest: bytes.subarray(end) }
  }
  throw new Error('this is no HTTP')
}

/** `first` and what follows it, none of it before there are `minBytes` or the end. */
export async function* heldBack(
  first: Buffer,
  chunks: AsyncIterable<Buffer>,
  minBytes: number,
): AsyncGenerator<Buffer> {
  let isOpen = first.length >= minBytes
  let held = first
  if (isOpen) yield first
  for await (const chunk of chunks) {
    if (isOpen) {
      yield chunk
      continue
    }
    held = Buffer.concat([held, chunk])
    isOpen = held.length >= minBytes
    if (isOpen) yield held
  }
  if (!isOpen) yield held
}

export const isWebSocketUpgrade = (head: string): boolean => /^upgrade: *websocket/im.test(head)

export const isUpgraded = (head: string): boolean => /^HTTP\/1\.1 101 /.test(head)

export const isEventStream = (head: string): boolean =>
  /^content-type: *text\/event-stream/im.test(head)

/** The head of a request whose connection carries no second one: each is then seen by its head. */
export function askingToClose(head: string): string {
  return head.replace(/^connection:.*\r\n/im, '').replace('\r\n', '\r\nConnection: close\r\n')
}
