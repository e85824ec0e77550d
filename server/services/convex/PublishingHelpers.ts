// The messages that a back end of Convex publishes, a method for each, and a wrapper that publishes
// what a mutation has changed. What fails after a mutation's success is never an error of the mutation.

import { v7 as uuidv7 } from 'uuid'
import { ConfigError } from '../../../shared/errors.js'
import type { MessageDraft } from '../../../shared/message.js'
import type { IntegrationHost } from '../Integration.js'
import type { Published } from '../RealtimeSyncService.js'
import {
  type Announcement,
  announcement,
  convexUpdate,
  type DownloadUpdate,
  type Drafts,
  draftBy,
  listOf,
  type Notification,
  type Operation,
  type RealtimeSyncRule,
  type TableUpdate,
  toUser,
} from './messages.js'
import { RetryingPublisher } from './RetryingPublisher.js'

export abstract class PublishingHelpers {
  #running: { readonly host: IntegrationHost; readonly publisher: RetryingPublisher } | undefined

  /** `convex.update`, to one user or to all who follow `convex.<table>` or `convex.<table>.<operation>`. */
  publishConvexUpdate(
    table: string,
    operation: Operation,
    data: unknown,
    ...userId: [userId?: string]
  ): Promise<Published> {
    // Given and undefined is a mistake, and refused as one.
    const recipient = userId.length === 0 ? {} : { userId: userId[0] as string }
    return this.#publish(convexUpdate({ table, operation, data, ...recipient }))
  }

  /** Several `convex.update`s in order, all or none. */
  publishBatchUpdate(updates: readonly TableUpdate[]): Promise<readonly Published[]> {
    return this.#started.host.sync.publishBatch(updates.map(convexUpdate))
  }

  publishDashboardUpdate(section: string, data: unknown, userId: string): Promise<Published> {
    return this.#publish(toUser('data.updated', { section, data }, userId))
  }

  publishUserStatsUpdate(stats: object, userId: string): Promise<Published> {
    return this.#publish(toUser('user.stats.updated', stats, userId))
  }

  publishOrderStatusChange(orderId: string, status: string, userId: string): Promise<Published> {
    return this.#publish(toUser('order.status.changed', { orderId, status }, userId))
  }

  publishDownloadUpdate(download: DownloadUpdate, userId: string): Promise<Published> {
    return this.#publish(toUser('download.updated', download, userId))
  }

  publishQuotaUpdate(used: number, limit: number, userId: string): Promise<Published> {
    return this.#publish(toUser('quota.updated', { used, limit }, userId))
  }

  publishNotification(notification: Notification, userId: string): Promise<Published> {
    return this.#publish(toUser('notification.new', notification, userId))
  }

  /** To everyone, or to some roles. */
  publishAnnouncement(given: Announcement, roles?: readonly string[]): Promise<Published> {
    return this.#publish(announcement(given, roles))
  }

  /**
   * The mutation, and a `convex.update` after each success. What goes wrong with publishing never
   * becomes an error of the mutation: it is tried again, and reported where it is lost.
   */
  withRealtimeSync<Args extends readonly unknown[], Result>(
    mutation: (...args: Args) => Promise<Result>,
    rule: RealtimeSyncRule<Args, Result>,
  ): (...args: Args) => Promise<Result> {
    return (...args) =>
      this.publishingAfter(
        () => mutation(...args),
        (result) => draftBy(rule, result, args),
      )
  }

  /** What was handed over after mutations: how much waits, was tried again, and is lost. */
  protected get publishing(): RetryingPublisher['stats'] | undefined {
    return this.#running?.publisher.stats
  }

  protected startPublishing(host: IntegrationHost): void {
    if (this.#running !== undefined) throw new ConfigError('an integration is for one server')
    const { sync, idempotencyTtlMs, ...parts } = host
    const publishBatch = sync.publishBatch.bind(sync)
    const maxAgeMs = idempotencyTtlMs / 2
    const publisher = new RetryingPublisher({ ...parts, publishBatch, newKey: uuidv7, maxAgeMs })
    this.#running = { host, publisher }
  }

  protected async stopPublishing(): Promise<void> {
    await this.#running?.publisher.stop()
  }

  protected async publishingAfter<Result>(
    mutate: () => Promise<Result>,
    toDrafts: (result: Result) => Drafts,
  ): Promise<Result> {
    // Before anything is committed.
    const { publisher } = this.#started
    const result = await mutate()
    try {
      await publisher.hand(listOf(toDrafts(result)))
    } catch (cause) {
      publisher.lose('what a mutation has changed was not published', cause)
    }
    return result
  }

  async #publish(draft: MessageDraft): Promise<Published> {
    return this.#started.host.sync.publish(draft)
  }

  get #started() {
    if (this.#running !== undefined) return this.#running
    throw new ConfigError('not running yet: hand it to createSyncServer({ convex }) first')
  }
}
