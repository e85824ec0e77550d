// The readers' side of the story: one session is one connection, or one answered poll, as it was
// seen from outside.

import type { Message, ResyncReason } from '../../../shared/message.js'
import type { LogRecord, Moment } from './LogRecord.js'

export type Transport = 'websocket' | 'sse' | 'longPoll' | 'poll'

/** Where a reader asked to begin. A cursor belongs to the log that it was learned from. */
export type Start =
  | { readonly kind: 'cursor'; readonly cursor: string; readonly log: LogRecord }
  | { readonly kind: 'now' }
  | { readonly kind: 'oldest' }

type Reason = ResyncReason | undefined

export type SessionEvent = { readonly at: Moment } & (
  | { readonly kind: 'connected'; readonly cursor: string; readonly reason: Reason }
  | {
      readonly kind: 'page'
      readonly messages: readonly Message[]
      readonly cursor: string
      readonly hasMore: boolean
      readonly reason: Reason
    }
  | { readonly kind: 'message'; readonly message: Message }
  | { readonly kind: 'catchup'; readonly message: Message }
  /** A heartbeat: nothing but a position. */
  | { readonly kind: 'position'; readonly cursor: string }
  | { readonly kind: 'resync'; readonly cursor: string; readonly reason: Reason }
  /** The reader asked for topics from a place of their own; catch-up and `subscribed` answer it. */
  | {
      readonly kind: 'asked'
      /** Rises with every frame that the reader sent. */
      readonly ref: number
      readonly topics: readonly string[]
      readonly since: Start
    }
  | {
      readonly kind: 'subscribed'
      readonly ref: number
      readonly topics: readonly string[]
      /** Whether it answers an `asked`; these are answered in order. */
      readonly hasSince: boolean
      readonly cursor: string
      readonly reason: Reason
    }
  | { readonly kind: 'unsubscribed'; readonly ref: number; readonly topics: readonly string[] }
  | { readonly kind: 'refused'; readonly detail: string }
  /** What was owed did not come, however long the reader waited. */
  | { readonly kind: 'stuck'; readonly detail: string }
)

export interface Session {
  readonly reader: string
  readonly transport: Transport
  /** What the server that it talked to had. */
  readonly log: LogRecord
  readonly start: Start
  /** What it reads from the beginning: audience keys, its topics among them. */
  readonly audiences: readonly string[]
  /** Before the first byte of the request went out. */
  readonly openedAt: Moment
}

export type Fault =
  | 'missing: passed over, though the log has it'
  | 'silent: lost, and no resync told of it'
  | 'repeated: at or before what it already had'
  | 'unknown: the log never held it'
  | 'foreign: not for this reader'
  | 'bent: not as it was published'
  | 'expired: delivered when its time was over'
  | 'false alarm: a resync, and nothing was lost'
  | 'ignored epoch: the log began anew, and nobody said so'
  | 'minted: a cursor that never was a place in the log'
  | 'backwards: a position before an earlier one'
  | 'refused: what a reader may ask for'
  | 'stuck: owed, and never came'

export interface Violation {
  readonly fault: Fault
  readonly where: string
  readonly detail: string
  /** What the session had seen by then. */
  readonly trail?: readonly string[]
}

/** An event in a line. */
export function summaryOf(event: SessionEvent): string {
  const { at, kind, ...rest } = event
  const shown = JSON.stringify(rest, (key, value) => {
    if (key === 'log') return undefined
    return key === 'message' ? value.cursor : key === 'messages' ? value.length : value
  })
  return `${at.tick} ${kind} ${shown}`
}
