// Messages as applications see them, with payloads typed by whoever declares them.

import type { Message } from '../../shared/message.js'

/**
 * What each type of message carries. Declare yours once and handlers, hooks and `send` know them:
 *
 *     declare module 'syncline/client' {
 *       interface Payloads { 'order.created': { id: number } }
 *     }
 *
 * Types that are not declared carry `unknown`.
 */
// biome-ignore lint/suspicious/noEmptyInterface: it is there to be added to.
export interface Payloads {}

export type PayloadOf<Type extends string> = Type extends keyof Payloads ? Payloads[Type] : unknown

/** A message as it was published; one declared type of it, or any. */
export type MessageOf<Type extends string = string> = Type extends string
  ? Omit<Message, 'type' | 'payload'> & {
      readonly type: Type
      readonly payload: PayloadOf<Type>
    }
  : never

/** Which messages a handler is for: all, of one type, of one topic, or both. */
export interface MessageFilter<Type extends string = string> {
  readonly type?: Type | undefined
  readonly topic?: string | undefined
}

/** A message to send. Its audience: `userId`, else `roles`, else `topics`, else yourself. */
export interface Draft<Type extends string = string> {
  readonly type: Type
  /** Any JSON value. */
  readonly payload?: PayloadOf<Type>
  readonly userId?: string
  readonly roles?: readonly string[]
  readonly topics?: readonly string[]
}

/** The server's answer: the log has it. */
export interface Sent {
  readonly messageId: string
  readonly cursor: string
  readonly timestamp: number
  /** It was there before, by the same idempotency key. */
  readonly duplicate: boolean
}
