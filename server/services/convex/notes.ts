// What a term of watching leaves for the next: the result that was published last, and what of it may
// not be published yet.

import { SyncError } from '../../../shared/errors.js'
import { type MessageDraft, messageDraftSchema, parseOrThrow } from '../../../shared/message.js'
import type { ResultState } from './resultState.js'

export type Audience = Pick<MessageDraft, 'userId' | 'roles' | 'topics'>

/** To be published before anything else; both absent where there is nothing. */
export interface Pending {
  readonly drafts?: readonly MessageDraft[]
  /** When `drafts` were first to be published: Unix milliseconds. */
  readonly at?: number
  readonly resync?: readonly Audience[]
}

export interface Noted {
  readonly run: string
  /** Counts the results of a run. */
  readonly seq: number
  readonly state: ResultState
  readonly pending: Pending
}

export const NOTHING: Pending = {}
export const isNothing = ({ drafts, resync }: Pending): boolean => (drafts ?? resync) === undefined

/**
 * Throws where it can't be published. What is undefined gets lost when it is noted, and an audience
 * that gets lost would be everyone.
 */
export function soundDraft(draft: MessageDraft): MessageDraft {
  for (const field of ['userId', 'roles', 'topics'] as const) {
    if (!Object.hasOwn(draft, field) || draft[field] !== undefined) continue
    throw new SyncError('invalid_message', `${field}: is undefined; leave it out`)
  }
  return parseOrThrow(messageDraftSchema, draft, 'invalid_message')
}

/** Each once. */
export function audiencesOf(drafts: readonly MessageDraft[]): Audience[] {
  const audiences = drafts.map(({ userId, roles, topics }) => {
    // The one that decides, as for a message.
    if (userId !== undefined) return { userId }
    if (roles !== undefined) return { roles }
    return topics === undefined ? {} : { topics }
  })
  return [...new Map(audiences.map((audience) => [JSON.stringify(audience), audience])).values()]
}

/** `undefined` where there are none, or not what this version writes. */
export function readNotes(fields: Readonly<Record<string, string>>): Noted | undefined {
  try {
    const { run, seq, ...state } = JSON.parse(fields.state ?? '')
    const { seq: pendingSeq, ...pending } = JSON.parse(fields.pending ?? '')
    if (typeof run !== 'string' || typeof state.digest !== 'string' || pendingSeq !== seq) {
      return undefined
    }
    return { run, seq, state, pending }
  } catch {
    return undefined
  }
}
