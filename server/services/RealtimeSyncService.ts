// The way in: everything that is published, from any door or from the host's own code, passes
// here on its way to the broker. It knows no principals; who may publish is decided before.

import { createHash } from 'node:crypto'
import { audienceOf } from '../../shared/audience.js'
import { SyncError } from '../../shared/errors.js'
import {
  audienceSchema,
  idempotencyKeySchema,
  type KeyedDraft,
  keyedDraftSchema,
  type MessageDraft,
  messageDraftSchema,
  parseOrThrow,
} from '../../shared/message.js'
import type { Broker, Publication, Receipt } from '../brokers/Broker.js'
import type { MessageToAppend } from '../brokers/Entry.js'
import type { MessageQueueService } from './MessageQueueService.js'

interface RealtimeSyncOptions {
  readonly broker: Broker
  readonly log: MessageQueueService
  /** Largest payload that the host's own code may publish, as JSON. */
  readonly maxPayloadBytes: number
  /** Makes a message id: UUID v7. */
  readonly newId: () => string
}

/** What a publisher is told. For a duplicate, `messageId`, `cursor` and `timestamp` are the first's. */
export interface Published {
  readonly messageId: string
  readonly cursor: string
  /** Unix milliseconds. */
  readonly timestamp: number
  readonly isDuplicate: boolean
}

interface Reached {
  /** Connections that had the audience when it was published, on all nodes; 0 for a duplicate. */
  readonly recipients: number
  /** Given where a node did not say in time how many it has. */
  readonly recipientsPartial?: true
}

export interface Forced extends Reached {
  readonly cursor: string
}

export interface PublishedToEach extends Omit<Published, 'messageId'>, Reached {
  /** In the order of the users. */
  readonly messageIds: readonly string[]
}

const AUDIENCE_FIELDS = ['userId', 'roles', 'topics'] as const

export class RealtimeSyncService {
  readonly #options: RealtimeSyncOptions
  #published = 0

  constructor(options: RealtimeSyncOptions) {
    this.#options = options
  }

  /**
   * Publishes one message to its `userId`, else its `roles`, else its `topics`, else everyone.
   * When this resolves, the log has it. Throws a `SyncError`: `invalid_message` where the message
   * can't be carried, `idempotency_conflict`, or `unavailable` where it was not and won't be
   * applied.
   */
  async publish(
    draft: MessageDraft,
    { idempotencyKey }: { idempotencyKey?: string } = {},
  ): Promise<Published & Reached> {
    const checked = parseOrThrow(messageDraftSchema, draft, 'invalid_message')
    const key = parseOrThrow(idempotencyKeySchema, idempotencyKey, 'invalid_request')
    return countedOf(await this.#appendCounted(withKey([this.#own(draft, checked)], '', key)))
  }

  /** Publishes several messages in order, all or none. Each may have its own `idempotencyKey`. */
  async publishBatch(drafts: readonly KeyedDraft[]): Promise<readonly Published[]> {
    const publications = drafts.map((draft, index) => {
      const checked = parseOrThrow(keyedDraftSchema, draft, 'invalid_message', `messages.${index}`)
      return withKey([this.#own(draft, checked)], '', checked.idempotencyKey)
    })
    return (await this.#append(publications)).map(publishedOf)
  }

  /**
   * Appends messages that were checked where they came in, all or none. `keyScope` says whose
   * their idempotency keys are: a `userId`, or the host's own code by default.
   */
  async append(drafts: readonly KeyedDraft[], keyScope = ''): Promise<readonly Published[]> {
    const publications = drafts.map((draft) =>
      withKey([this.#toAppend(draft)], keyScope, draft.idempotencyKey),
    )
    return (await this.#append(publications)).map(publishedOf)
  }

  /** As `append`, for one message, and says how many it reached. */
  async appendCounted(draft: KeyedDraft, keyScope = ''): Promise<Published & Reached> {
    const publication = withKey([this.#toAppend(draft)], keyScope, draft.idempotencyKey)
    return countedOf(await this.#appendCounted(publication))
  }

  /** Appends one checked message for each of these users, all or none, under one key. */
  async appendToEach(
    userIds: readonly string[],
    { idempotencyKey, ...draft }: KeyedDraft,
    keyScope: string,
  ): Promise<PublishedToEach> {
    const items = userIds.map((userId) => this.#toAppend({ ...draft, userId }))
    const receipt = await this.#appendCounted(withKey(items, keyScope, idempotencyKey))
    const { messageId: _, ...published } = countedOf(receipt)
    return { messageIds: receipt.ids, ...published }
  }

  /**
   * Tells an audience, everyone by default, to refetch its state: an entry of the log, in order
   * like any other. Throws `invalid_request` for an audience that can't be.
   */
  async forceResync(
    audience: Pick<MessageDraft, 'userId' | 'roles' | 'topics'> = {},
  ): Promise<Forced> {
    const keys = audienceOf(parseOrThrow(audienceSchema, audience, 'invalid_request'))
    const receipt = await this.#appendCounted({ items: [{ kind: 'resync', audience: keys }] })
    return { cursor: receipt.cursor, ...reachOf(receipt) }
  }

  /** `data.updated`: a section of a user's dashboard has new data. */
  publishDataUpdate(section: string, data: unknown, userId: string): Promise<Published> {
    return this.publish({ type: 'data.updated', payload: { section, data }, userId })
  }

  /** `error.occurred`: something that a user started has failed. */
  publishError(error: { code: string; message: string }, userId: string): Promise<Published> {
    return this.publish({ type: 'error.occurred', payload: error, userId })
  }

  /** `system.announcement`: to everyone, or to some roles. */
  publishAnnouncement(
    announcement: { title?: string; message: string },
    roles?: string[],
  ): Promise<Published> {
    const audience = roles === undefined ? {} : { roles }
    return this.publish({ type: 'system.announcement', payload: announcement, ...audience })
  }

  /** `notification.new`: something for one user to read, and perhaps to act on. */
  publishNotification(
    notification: { title: string; message: string; type?: string; action?: unknown },
    userId: string,
  ): Promise<Published> {
    return this.publish({ type: 'notification.new', payload: notification, userId })
  }

  /** What was published since the start, and what the log holds now. */
  stats(): { readonly published: number; readonly log: MessageQueueService['size'] } {
    return { published: this.#published, log: this.#options.log.size }
  }

  async #appendCounted(publication: Publication): Promise<Receipt> {
    const [receipt] = await this.#append([{ ...publication, isCounted: true }])
    return receipt as Receipt
  }

  async #append(publications: readonly Publication[]): Promise<readonly Receipt[]> {
    const receipts = await this.#options.broker.append(publications)
    for (const { isDuplicate, ids } of receipts) if (!isDuplicate) this.#published += ids.length
    return receipts
  }

  /**
   * A message of the host's own code, with what the doors see to for strangers: a bounded size, and
   * no audience lost on the way.
   */
  #own(draft: KeyedDraft, checked: KeyedDraft): MessageToAppend {
    for (const field of AUDIENCE_FIELDS) {
      if (draft[field] !== undefined || !Object.hasOwn(draft, field)) continue
      throw SyncError.of('invalid_message', [
        { path: field, message: 'is undefined; leave it out where you mean everyone' },
      ])
    }
    const item = this.#toAppend(checked)
    const { maxPayloadBytes } = this.#options
    if (Buffer.byteLength(item.payloadJson ?? '') <= maxPayloadBytes) return item
    throw new SyncError('too_large', `a payload may have at most ${maxPayloadBytes} bytes of JSON`)
  }

  #toAppend({ type, payload, userId, roles, topics }: KeyedDraft): MessageToAppend {
    return {
      kind: 'message',
      id: this.#options.newId(),
      type,
      payloadJson: JSON.stringify(payload),
      userId,
      roles,
      topics,
      audience: audienceOf({ userId, roles, topics }),
    }
  }
}

function publishedOf({ ids, position, cursor, isDuplicate }: Receipt): Published {
  return { messageId: ids[0] ?? '', cursor, timestamp: position.ms, isDuplicate }
}

function countedOf(receipt: Receipt): Published & Reached {
  return { ...publishedOf(receipt), ...reachOf(receipt) }
}

function reachOf({ recipients = 0, isPartial = false }: Receipt): Reached {
  return isPartial ? { recipients, recipientsPartial: true } : { recipients }
}

function withKey(
  items: readonly MessageToAppend[],
  keyScope: string,
  idempotencyKey: string | undefined,
): Publication {
  if (idempotencyKey === undefined) return { items }
  // Neither part can hold a control character, so the newline keeps them apart.
  return {
    items,
    idempotency: { key: `${keyScope}\n${idempotencyKey}`, fingerprint: fingerprintOf(items) },
  }
}

function fingerprintOf(items: readonly MessageToAppend[]): string {
  const content = items.map(({ id: _, ...rest }) => rest)
  return createHash('sha256').update(JSON.stringify(content)).digest('base64')
}
