// Messages as they stand on the wire, and the schemas of what a publisher may send.
// The schemas are the only source of the wire types.

import { z } from 'zod'
import { type ErrorCode, type ErrorDetail, SyncError } from './errors.js'
import { isName, topicsFault, typeFault } from './names.js'
import { payloadFault } from './payload.js'

/** One published message, as every transport delivers it. */
export interface Message {
  /** UUID v7, made by the server. */
  readonly id: string
  readonly type: string
  /** Any JSON value, or absent. */
  readonly payload?: unknown
  /** Milliseconds since the Unix epoch: the cursor's millisecond part. */
  readonly timestamp: number
  /** The message's place in the log. Hand it back to carry on after it. */
  readonly cursor: string
  readonly userId?: string
  readonly roles?: readonly string[]
  readonly topics?: readonly string[]
}

/** Why continuity could not be proven; the application must refetch its state. */
export type ResyncReason = 'expired' | 'evicted' | 'epoch' | 'lagged' | 'forced'

export const MAX_ROLES = 100
export const MAX_BATCH = 100
export const MAX_USER_IDS = 1000

const faulty = (check: (text: string) => string | undefined) =>
  z.string().superRefine((text, context) => {
    const message = check(text)
    if (message !== undefined) context.addIssue({ code: 'custom', message })
  })

const NAME_RULE = 'must be 1–128 characters without control characters'
export const nameSchema = faulty((text) => (isName(text) ? undefined : NAME_RULE))
const typeSchema = faulty(typeFault)
const rolesSchema = z.array(nameSchema).min(1).max(MAX_ROLES)

/** The topics of one request or connection. */
export const topicsSchema = z.array(z.string()).superRefine((topics, context) => {
  const message = topicsFault(topics)
  if (message !== undefined) context.addIssue({ code: 'custom', message })
})

const audienceShape = {
  userId: nameSchema.optional(),
  roles: rolesSchema.optional(),
  topics: topicsSchema.min(1).optional(),
}

/** An audience alone, where nothing is published to it. */
export const audienceSchema = z.strictObject(audienceShape)

const payloadSchema = z.unknown().superRefine((payload, context) => {
  const fault = payloadFault(payload)
  if (fault !== undefined) context.addIssue({ code: 'custom', ...fault })
})

const messageShape = { type: typeSchema, payload: payloadSchema.optional(), ...audienceShape }

/** A message to publish. An unknown field is an error: a typo must never widen an audience. */
export const messageDraftSchema = z.strictObject(messageShape)
export type MessageDraft = z.input<typeof messageDraftSchema>

/** 1–128 characters, without control characters. */
export const idempotencyKeySchema = nameSchema.optional()

/** A message inside a batch or a WebSocket frame, where no header can carry the key. */
export const keyedDraftSchema = z.strictObject({
  ...messageShape,
  idempotencyKey: idempotencyKeySchema,
})
export type KeyedDraft = z.input<typeof keyedDraftSchema>

/** What `POST /broadcast` takes. */
export const broadcastSchema = z
  .strictObject({
    ...messageShape,
    userIds: z
      .array(nameSchema)
      .min(1)
      .max(MAX_USER_IDS)
      .refine((ids) => new Set(ids).size === ids.length, 'must all be different')
      .optional(),
  })
  .refine(
    ({ userIds, userId, roles, topics }) =>
      userIds === undefined || (userId ?? roles ?? topics) === undefined,
    { path: ['userIds'], message: 'stands alone: leave out userId, roles and topics' },
  )

/** What `POST /force` takes: an audience, or nothing for the caller's own connections. */
export const forceSchema = z
  .strictObject({ ...audienceShape, everyone: z.literal(true).optional() })
  .refine(
    ({ everyone, userId, roles, topics }) =>
      everyone === undefined || (userId ?? roles ?? topics) === undefined,
    { path: ['everyone'], message: 'stands alone: leave out userId, roles and topics' },
  )

/**
 * Parses what came from outside, once, at the edge. Throws a `SyncError` of `code` that names
 * every fault. `prefix` is where the value stands in the request: `messages.3`.
 */
export function parseOrThrow<Schema extends z.ZodType>(
  schema: Schema,
  value: unknown,
  code: ErrorCode,
  prefix = '',
): z.output<Schema> {
  const result = schema.safeParse(value)
  if (result.success) return result.data
  throw SyncError.of(
    code,
    result.error.issues.slice(0, 10).map((issue) => detailOf(issue, prefix)),
  )
}

function detailOf(issue: z.core.$ZodIssue, prefix: string): ErrorDetail {
  const tail = issue.code === 'unrecognized_keys' ? issue.keys.slice(0, 1) : []
  const path = [prefix, ...issue.path.map(String), ...tail].filter((part) => part !== '').join('.')
  return { path: path.slice(0, 200), message: ruleOf(issue) }
}

const KINDS: ReadonlyMap<string, string> = new Map([
  ['string', 'a string'],
  ['array', 'a list'],
  ['object', 'a JSON object'],
])

/** What would be right, rather than what was wrong. */
function ruleOf(issue: z.core.$ZodIssue): string {
  switch (issue.code) {
    case 'unrecognized_keys':
      return 'is not a field that is known here'
    case 'invalid_type':
      return `must be ${KINDS.get(issue.expected) ?? issue.expected}`
    case 'too_small':
      return `must hold at least ${issue.minimum}`
    case 'too_big':
      return `must hold at most ${issue.maximum}`
    case 'invalid_value':
      return `must be ${issue.values.map((value) => JSON.stringify(value)).join(' or ')}`
    default:
      return issue.message
  }
}
