// The frames that a client sends over a WebSocket, and what a connection is told in return.

import { z } from 'zod'
import type { ResyncReason } from './message.js'

/** Echoed in the answer, so that a client can match it: a string of at most 64 characters or an integer. */
const refSchema = z
  .union([z.string().max(64), z.int()], {
    error: 'must be a string of at most 64 characters or an integer',
  })
  .optional()
export type Ref = z.infer<typeof refSchema>

// Handed on untouched: a parser that copies it could lose a key such as `__proto__`.
const objectSchema = z.custom<object>(
  (value) => typeof value === 'object' && value !== null && !Array.isArray(value),
  'must be an object',
)

// `since` and `topics` are checked by those who use them: they have error codes of their own.
const reading = { since: z.unknown().optional(), topics: z.unknown().optional() }

export const connectFrameSchema = z.object({
  op: z.literal('connect'),
  token: z.string().optional(),
  ticket: z.string().optional(),
  ...reading,
})
export type ConnectFrame = z.infer<typeof connectFrameSchema>

const COMMANDS = [
  z.object({ op: z.literal('subscribe'), ref: refSchema, ...reading }),
  z.object({ op: z.literal('unsubscribe'), ref: refSchema, topics: z.unknown().optional() }),
  z.object({ op: z.literal('send'), ref: refSchema, message: objectSchema }),
  z.object({ op: z.literal('refresh'), ref: refSchema, token: z.string() }),
  z.object({ op: z.literal('ping'), ref: refSchema }),
] as const

export const commandFrameSchema = z.discriminatedUnion('op', COMMANDS, {
  error: 'must be subscribe, unsubscribe, send, refresh or ping',
})
export type CommandFrame = z.infer<typeof commandFrameSchema>
export type Command<Op extends CommandFrame['op']> = Extract<CommandFrame, { op: Op }>

/** The `ref` of any frame, or `undefined` where it has none that can be echoed. */
export function refOf(frame: object): Ref {
  const result = z.object({ ref: refSchema }).safeParse(frame)
  return result.success ? result.data.ref : undefined
}

/** The first thing a connection is told, on WebSocket and SSE alike. */
export interface Connected {
  readonly protocol: 1
  readonly connectionId: string
  readonly userId: string
  readonly cursor: string
  readonly resync: boolean
  readonly reason?: ResyncReason
  readonly topics: readonly string[]
  /** Topics that were asked for and that the principal may not read. */
  readonly denied: readonly string[]
  /** The longest silence of a healthy connection, in milliseconds. */
  readonly heartbeat: number
  /** The largest frame that the server takes, in bytes. */
  readonly maxPayload: number
}
