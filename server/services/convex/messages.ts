// The messages that the helpers publish: their types, payloads and audiences.

import type { MessageDraft } from '../../../shared/message.js'

export type Operation = 'create' | 'update' | 'delete'

/** The payload of `convex.update`. */
export interface ConvexUpdate<Data = unknown> {
  readonly table: string
  readonly operation: Operation
  readonly data: Data
}

/** One of a batch: to this user, or to everybody who follows the table. */
export interface TableUpdate<Data = unknown> extends ConvexUpdate<Data> {
  readonly userId?: string
}

/** The payload of `download.updated`. */
export interface DownloadUpdate {
  readonly downloadId: string
  readonly status: string
  /** From 0 to 1. */
  readonly progress?: number
}

/** The payload of `notification.new`. */
export interface Notification {
  readonly title: string
  readonly message: string
  readonly type?: string
  readonly action?: unknown
}

/** The payload of `system.announcement`. */
export interface Announcement {
  readonly title?: string
  readonly message: string
}

/** Whose `userId` is given gets it alone; the topics are labels then. */
export function convexUpdate(update: TableUpdate): MessageDraft {
  const { table, operation, data } = update
  return {
    type: 'convex.update',
    payload: { table, operation, data },
    topics: [`convex.${table}`, `convex.${table}.${operation}`],
    // Also where it is undefined: publishing refuses that, since it would go to all who follow.
    ...(Object.hasOwn(update, 'userId') && { userId: update.userId as string }),
  }
}

export const toUser = (type: string, payload: unknown, userId: string): MessageDraft => ({
  type,
  payload,
  userId,
})

export const announcement = (payload: Announcement, roles?: readonly string[]): MessageDraft => ({
  type: 'system.announcement',
  payload,
  ...(roles !== undefined && { roles: [...roles] }),
})

/** What is published after a mutation has succeeded. */
export interface RealtimeSyncRule<Args extends readonly unknown[], Result> {
  readonly table: string
  readonly operation: Operation
  /** Who gets it. Without it: all who follow the table. */
  readonly getUserId?: (result: Result, ...args: Args) => string
  /** Default: the result. */
  readonly getData?: (result: Result, ...args: Args) => unknown
}

export function draftBy<Args extends readonly unknown[], Result>(
  { table, operation, getUserId, getData }: RealtimeSyncRule<Args, Result>,
  result: Result,
  args: Args,
): MessageDraft {
  const data = getData === undefined ? result : getData(result, ...args)
  const recipient = getUserId === undefined ? {} : { userId: getUserId(result, ...args) }
  return convexUpdate({ table, operation, data, ...recipient })
}

/** What a function of the host's may answer where messages are to be made. */
export type Drafts = MessageDraft | readonly MessageDraft[] | undefined

export function listOf(drafts: Drafts | Promise<unknown>): readonly MessageDraft[] {
  if (drafts === undefined) return []
  if (drafts instanceof Promise) {
    // What becomes of it is nobody's business any more.
    drafts.catch(() => {})
    throw new TypeError('messages have to be returned at once, not as a promise')
  }
  return 'type' in drafts ? [drafts] : drafts
}
