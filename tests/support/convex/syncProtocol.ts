// What Convex's clients send on the sync socket, and how a timestamp is written there. After
// `browser/sync/protocol.ts` of the package convex.

import type { JSONValue } from 'convex/values'
import { z } from 'zod'

const json = z.custom<JSONValue>((value) => value !== undefined)
const count = z.int().min(0)
const call = { requestId: count, udfPath: z.string(), args: z.array(json) }

const clientMessageSchema = z.discriminatedUnion('type', [
  z.object({ type: z.literal('Connect'), sessionId: z.string(), connectionCount: count }),
  z.object({
    type: z.literal('ModifyQuerySet'),
    baseVersion: count,
    newVersion: count,
    modifications: z.array(
      z.discriminatedUnion('type', [
        z.object({
          type: z.literal('Add'),
          queryId: count,
          udfPath: z.string(),
          args: z.array(json),
        }),
        z.object({ type: z.literal('Remove'), queryId: count }),
      ]),
    ),
  }),
  z.object({
    type: z.literal('Authenticate'),
    tokenType: z.enum(['User', 'None', 'Admin']),
    value: z.string().optional(),
    baseVersion: count,
  }),
  z.object({ type: z.literal('Mutation'), ...call }),
  z.object({ type: z.literal('Action'), ...call }),
  z.object({ type: z.literal('Event') }),
])

export type ClientMessage = z.output<typeof clientMessageSchema>

/** What a transition changes of one query. */
export interface Modification {
  readonly type: 'QueryUpdated' | 'QueryFailed' | 'QueryRemoved'
  readonly queryId: number
  /** What came of it, where it was run. */
  readonly value?: JSONValue
  readonly errorMessage?: string
  readonly errorData?: JSONValue
  readonly logLines?: readonly string[]
  readonly journal?: null
}

/** `undefined` where it is not of the protocol. */
export function readClientMessage(text: string): ClientMessage | undefined {
  try {
    return clientMessageSchema.parse(JSON.parse(text))
  } catch {
    return undefined
  }
}

/** 64 bits, the lowest byte first, in base64. */
export function encodeTs(ts: bigint): string {
  const bytes = Buffer.alloc(8)
  bytes.writeBigUInt64LE(ts)
  return bytes.toString('base64')
}
