// What a principal may publish, decided here alone, whichever door it came through. Takes bodies
// as they came from outside and returns results; how they are told is the door's business.

import type { AudienceFields } from '../../shared/audience.js'
import { SyncError } from '../../shared/errors.js'
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
import { isAdmin, type Principal } from '../../shared/principal.js'
import type {
  Published,
  PublishedToEach,
  RealtimeSyncService,
} from '../services/RealtimeSyncService.js'
import { type AuthorizeTopic, mayUse } from './access.js'
import type { Gate } from './Gate.js'

interface PublisherOptions {
  readonly sync: RealtimeSyncService
  readonly authorizeTopic: AuthorizeTopic
  readonly gate: Pick<Gate, 'assertAccepting'>
}

export class Publisher {
  readonly #options: PublisherOptions

  constructor(options: PublisherOptions) {
    this.#options = options
  }

  /** One message, by default to the sender's own `userId`. */
  async send(principal: Principal, body: unknown, idempotencyKey?: string): Promise<Published> {
    const draft = parseOrThrow(messageDraftSchema, body, 'invalid_message')
    return this.#sendOne(principal, { ...draft, idempotencyKey: parseKey(idempotencyKey) })
  }

  /** One message that may carry its `idempotencyKey` itself, as in a WebSocket frame. */
  async sendKeyed(principal: Principal, message: object): Promise<Published> {
    return this.#sendOne(principal, parseOrThrow(keyedDraftSchema, message, 'invalid_message'))
  }

  /** Up to 100 messages in order, all or none. */
  async sendBatch(principal: Principal, body: object): Promise<readonly Published[]> {
    const drafts = batchOf(body).map((message, index) => {
      const draft = parseOrThrow(keyedDraftSchema, message, 'invalid_message', `messages.${index}`)
      return this.#addressed(principal, draft)
    })
    return this.#accepting().append(drafts, principal.userId)
  }

  /** One message by default to everyone, or one to each of `userIds`. For admins. */
  async broadcast(
    principal: Principal,
    body: unknown,
    idempotencyKey?: string,
  ): Promise<Published | PublishedToEach> {
    if (!isAdmin(principal)) throw new SyncError('forbidden', 'broadcast needs the role "admin"')
    const { userIds, ...draft } = parseOrThrow(broadcastSchema, body, 'invalid_message')
    const keyed = { ...draft, idempotencyKey: parseKey(idempotencyKey) }
    if (userIds !== undefined)
      return this.#accepting().appendToEach(userIds, keyed, principal.userId)
    return this.#accepting().appendCounted(keyed, principal.userId)
  }

  /** Tells an audience, by default the caller's own connections, to refetch its state. */
  async force(
    principal: Principal,
    body: unknown,
  ): Promise<{ cursor: string; recipients: number }> {
    const { everyone, ...fields } = parseOrThrow(
      forceSchema,
      body === undefined ? {} : body,
      'invalid_request',
    )
    const hasAudience = Object.values(fields).some((value) => value !== undefined)
    const audience = everyone || hasAudience ? fields : { userId: principal.userId }
    if (!isAdmin(principal) && audience.userId !== principal.userId) {
      throw new SyncError(
        'forbidden',
        'another audience than your own userId needs the role "admin"',
      )
    }
    return this.#accepting().forceResync(audience)
  }

  /** Throws `unavailable` where nothing is taken any more. */
  #accepting(): RealtimeSyncService {
    this.#options.gate.assertAccepting()
    return this.#options.sync
  }

  async #sendOne(principal: Principal, draft: KeyedDraft): Promise<Published> {
    const [published] = await this.#accepting().append(
      [this.#addressed(principal, draft)],
      principal.userId,
    )
    return published as Published
  }

  #addressed(principal: Principal, draft: KeyedDraft): KeyedDraft {
    const hasAudience = [draft.userId, draft.roles, draft.topics].some(
      (field) => field !== undefined,
    )
    const addressed = hasAudience ? draft : { ...draft, userId: principal.userId }
    this.#assertMayPublish(principal, addressed)
    return addressed
  }

  #assertMayPublish(principal: Principal, audience: AudienceFields): void {
    if (isAdmin(principal)) return
    const { userId, roles, topics = [] } = audience
    if (userId !== undefined) {
      if (userId === principal.userId) return
      throw new SyncError('forbidden', 'publishing to another user needs the role "admin"')
    }
    if (roles !== undefined) {
      throw new SyncError('forbidden', 'publishing to roles needs the role "admin"')
    }
    const denied = topics.find(
      (topic) => !mayUse(this.#options.authorizeTopic, principal, topic, 'publish'),
    )
    if (denied === undefined) return
    throw new SyncError('forbidden', `the token does not grant "${denied}" in topics.publish`)
  }
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
