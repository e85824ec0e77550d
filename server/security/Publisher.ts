// What a principal may publish, decided here alone, whichever door it came through. Takes bodies
// as they came from outside and returns results; how they are told is the door's business.

import { type ErrorCode, SyncError } from '../../shared/errors.js'
import {
  broadcastSchema,
  forceSchema,
  idempotencyKeySchema,
  type KeyedDraft,
  keyedDraftSchema,
  MAX_BATCH,
  messageDraftSchema,
  parseOrThrow,
} from '../../shared/message.js'
import { mayPublishToAll, type Principal, principalKey } from '../../shared/principal.js'
import type {
  Forced,
  Published,
  PublishedToEach,
  RealtimeSyncService,
} from '../services/RealtimeSyncService.js'
import type { Access } from './Access.js'
import type { Gate } from './Gate.js'
import { type RateLimits, unitsOf } from './RateLimits.js'
import type { Validity } from './Validity.js'

interface PublisherOptions {
  readonly sync: RealtimeSyncService
  readonly access: Pick<Access, 'assertMayPublish' | 'needsAdmin'>
  readonly gate: Pick<Gate, 'assertPublishable'>
  readonly validity: Pick<Validity, 'assertCurrent'>
  readonly rateLimits: Pick<RateLimits, 'chargeWrite'>
}

/** What came with a body, by the door. */
export interface Submission {
  /** As it came; checked here. */
  readonly idempotencyKey?: string | undefined
  /** Of the body or frame. */
  readonly bytes: number
  /** Units of the publishing budget that the door has charged already. */
  readonly paidUnits: number
}

export class Publisher {
  readonly #options: PublisherOptions

  constructor(options: PublisherOptions) {
    this.#options = options
  }

  /** One message, by default to the sender's own `userId`. */
  async send(principal: Principal, body: unknown, came: Submission): Promise<Published> {
    const draft = parseOrThrow(messageDraftSchema, body, 'invalid_message')
    const keyed = { ...draft, idempotencyKey: parseKey(came.idempotencyKey) }
    return this.#sendOne(principal, keyed, came)
  }

  /** One message that may carry its `idempotencyKey` itself, as in a WebSocket frame. */
  async sendKeyed(principal: Principal, message: object, came: Submission): Promise<Published> {
    const draft = parseOrThrow(keyedDraftSchema, message, 'invalid_message')
    return this.#sendOne(principal, draft, came)
  }

  /** Up to 100 messages in order, all or none. */
  async sendBatch(
    principal: Principal,
    body: object,
    came: Submission,
  ): Promise<readonly Published[]> {
    const drafts = batchOf(body).map((message, index) => {
      const draft = parseOrThrow(keyedDraftSchema, message, 'invalid_message', `messages.${index}`)
      return this.#addressed(principal, draft)
    })
    const sync = await this.#admit(principal, drafts.length, came)
    return sync.append(drafts, principalKey(principal))
  }

  /** Throws `forbidden`. A door asks before it reads the body of one who may not. */
  assertMayBroadcast(principal: Principal): void {
    if (!mayPublishToAll(principal)) throw this.#options.access.needsAdmin('broadcast')
  }

  /** One message by default to everyone, or one to each of `userIds`. For admins and services. */
  async broadcast(
    principal: Principal,
    body: unknown,
    came: Submission,
  ): Promise<Published | PublishedToEach> {
    this.assertMayBroadcast(principal)
    const { userIds, ...draft } = parseOrThrow(broadcastSchema, body, 'invalid_message')
    const keyed = { ...draft, idempotencyKey: parseKey(came.idempotencyKey) }
    const keyScope = principalKey(principal)
    const copies = userIds?.length ?? 1
    const sync = await this.#admit(principal, copies, { ...came, bytes: came.bytes * copies })
    if (userIds !== undefined) return sync.appendToEach(userIds, keyed, keyScope)
    return sync.appendCounted(keyed, keyScope)
  }

  /** Tells an audience, by default the caller's own connections, to refetch its state. */
  async force(principal: Principal, body: unknown, came: Submission): Promise<Forced> {
    const { everyone, ...fields } = parseOrThrow(
      forceSchema,
      body === undefined ? {} : body,
      'invalid_request',
    )
    const hasAudience = Object.values(fields).some((value) => value !== undefined)
    const audience =
      everyone || hasAudience ? fields : { userId: ownUserId(principal, 'invalid_request') }
    if (!mayPublishToAll(principal) && audience.userId !== principal.userId) {
      throw this.#options.access.needsAdmin('another audience than your own userId')
    }
    const sync = await this.#admit(principal, 1, came)
    return sync.forceResync(audience)
  }

  /**
   * The way in, for who still counts and has not used up its budget: in the order in which they
   * came. Throws `unauthorized`, `rate_limited`, or `unavailable` where nothing is taken any more.
   */
  async #admit(principal: Principal, messages: number, { bytes, paidUnits }: Submission) {
    const { sync, rateLimits } = this.#options
    // The body may have taken its time,
    this.#assertTaken(principal)
    await rateLimits.chargeWrite(principal, unitsOf(messages, bytes) - paidUnits)
    // and so may this.
    this.#assertTaken(principal)
    return sync
  }

  #assertTaken(principal: Principal): void {
    this.#options.gate.assertPublishable()
    this.#options.validity.assertCurrent(principal)
  }

  async #sendOne(principal: Principal, draft: KeyedDraft, came: Submission): Promise<Published> {
    const addressed = this.#addressed(principal, draft)
    const keyScope = principalKey(principal)
    const sync = await this.#admit(principal, 1, came)
    const [published] = await sync.append([addressed], keyScope)
    return published as Published
  }

  #addressed(principal: Principal, draft: KeyedDraft): KeyedDraft {
    const hasAudience = [draft.userId, draft.roles, draft.topics].some(
      (field) => field !== undefined,
    )
    const addressed = hasAudience
      ? draft
      : { ...draft, userId: ownUserId(principal, 'invalid_message') }
    this.#options.access.assertMayPublish(principal, addressed)
    return addressed
  }
}

/** A service has no connections of its own, and a user may be called as it is. */
function ownUserId({ userId, isService }: Principal, code: ErrorCode): string {
  if (!isService) return userId
  throw SyncError.of(code, [
    { path: 'userId', message: 'a service has to name one, or roles, or topics' },
  ])
}

function parseKey(key: string | undefined): string | undefined {
  return parseOrThrow(idempotencyKeySchema, key, 'invalid_request', 'Idempotency-Key')
}

/** Whether a body is the envelope of a batch rather than a message. */
export function isBatch(body: unknown): body is object {
  return typeof body === 'object' && body !== null && Object.hasOwn(body, 'messages')
}

function batchOf(body: object): readonly unknown[] {
  const [unknown] = Object.keys(body).filter((key) => key !== 'messages')
  const messages: unknown = 'messages' in body ? body.messages : undefined
  if (unknown === undefined && Array.isArray(messages)) {
    if (messages.length >= 1 && messages.length <= MAX_BATCH) return messages
  }
  throw SyncError.of('invalid_request', [
    {
      path: 'messages',
      message: `must be a list of 1–${MAX_BATCH} messages, with nothing else beside it`,
    },
  ])
}
