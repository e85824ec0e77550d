// What the server says, checked by hand: a schema library would weigh more than the client.
// Unknown fields are ignored, and so are unknown ops, further on; a wrong shape throws.

import type { Message, ResyncReason } from '../../shared/message.js'

export type Fields = Readonly<Record<string, unknown>>

interface Refetch {
  readonly resync?: boolean
  readonly reason?: ResyncReason
}

export type ConnectedFrame = Refetch & {
  readonly op: 'connected'
  /** Where the link starts; absent where a link can't say before its first message. */
  readonly cursor?: string
  /** Absent where a transport isn't told. */
  readonly userId?: string
  readonly denied: readonly string[]
  /** The longest silence of a healthy link, in milliseconds; absent where it keeps time itself. */
  readonly heartbeat?: number
  /** The largest frame that the server takes, in bytes; absent where there is no way up. */
  readonly maxPayload?: number
}

/** Answers the frame, or the request, that had this `ref`. */
export type AnswerFrame =
  | (Refetch & { readonly op: 'ok'; readonly ref?: unknown } & Fields)
  | {
      readonly op: 'error'
      readonly ref?: unknown
      readonly code: string
      readonly message: string
      readonly retryAfterMs?: number | undefined
    }

export type Frame =
  | ConnectedFrame
  | { readonly op: 'message'; readonly message: Message; readonly catchup?: boolean }
  | { readonly op: 'heartbeat'; readonly cursor: string }
  | { readonly op: 'resync'; readonly reason: ResyncReason; readonly cursor?: string }
  | { readonly op: 'drain'; readonly reconnectAfter: number }
  | { readonly op: 'closed'; readonly code: number }
  | AnswerFrame

/** A value of the kind that each field has to be. */
type Shape = Readonly<Record<string, string | number | object>>

const CURSOR: Shape = { cursor: '' }
const MESSAGE: Shape = { ...CURSOR, id: '', type: '', timestamp: 0 }
const SHAPES: ReadonlyMap<unknown, Shape> = new Map<unknown, Shape>([
  ['connected', { ...CURSOR, denied: [], heartbeat: 0 }],
  ['message', { message: {} }],
  ['heartbeat', CURSOR],
])

/** A frame of the WebSocket, or an SSE event with its name as `op`. Throws where it is malformed. */
export function readFrame(frame: Fields): Frame {
  checkShape(frame, { ...SHAPES.get(frame.op), op: '' })
  if (frame.op === 'message') checkMessage(frame.message)
  return frame as unknown as Frame
}

export const checkMessage = (value: unknown) => checkShape(value, MESSAGE) as unknown as Message

/** Throws a `SyntaxError`, as JSON does, where a field is missing or of another kind. */
export function checkShape(value: unknown, shape: Shape): Record<string, never> {
  const fields = Object(value)
  for (const name of Object.keys(shape)) {
    const isWrong = typeof fields[name] !== typeof shape[name] || fields[name] === null
    if (isWrong) throw new SyntaxError(name)
  }
  return fields
}
