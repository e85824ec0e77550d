// An entry is one line of the log: a message, or a forced resync that is told like one.
// It is encoded here, once, when it gets its place; everything later only passes the text on.

import type { AudienceKey } from '../../shared/audience.js'
import { formatCursor, type Position } from '../../shared/cursor.js'

/** A message that is checked, has its id and its encoded payload, and waits for its place in the log. */
export interface MessageToAppend {
  readonly kind: 'message'
  readonly id: string
  readonly type: string
  /** The payload as JSON text; absent where the message has none. */
  readonly payloadJson?: string | undefined
  readonly userId?: string | undefined
  readonly roles?: readonly string[] | undefined
  readonly topics?: readonly string[] | undefined
  readonly audience: readonly AudienceKey[]
}

/** The statement that an audience must refetch its state. */
export interface ResyncToAppend {
  readonly kind: 'resync'
  readonly audience: readonly AudienceKey[]
}

export type Appendable = MessageToAppend | ResyncToAppend

/** A line of the log. */
export interface Entry extends Position {
  readonly kind: 'message' | 'resync'
  readonly cursor: string
  readonly audience: readonly AudienceKey[]
  /** The whole message as JSON text; empty for a resync. */
  readonly json: string
}

/** Gives what was appended its place in the log. */
export function toEntry(item: Appendable, position: Position, epoch: string): Entry {
  const cursor = formatCursor(position, epoch)
  const json = item.kind === 'message' ? encodeMessage(item, position.ms, cursor) : ''
  const { ms, counter } = position
  return { ms, counter, kind: item.kind, cursor, audience: item.audience, json }
}

function encodeMessage(message: MessageToAppend, timestamp: number, cursor: string): string {
  const { id, type, payloadJson, userId, roles, topics } = message
  const head = `{"id":${JSON.stringify(id)},"type":${JSON.stringify(type)}`
  const payload = payloadJson === undefined ? '' : `,"payload":${payloadJson}`
  // JSON.stringify leaves absent fields out by itself; its opening brace becomes our comma.
  const tail = JSON.stringify({ timestamp, cursor, userId, roles, topics })
  return `${head}${payload},${tail.slice(1)}`
}
