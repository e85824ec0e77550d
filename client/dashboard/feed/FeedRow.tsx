// One line of the feed.

import { memo } from 'react'
import type { MessageOf } from '../../connection/index.js'
import { clockTime } from '../page/text.js'
import type { Entry } from './Feed.js'

/** More of a payload than fits on a line. */
const MAX_SHOWN = 300

interface FeedRowProps {
  readonly id: string
  readonly entry: Entry
  /** Counts from 1, the newest. */
  readonly place: number
  readonly of: number
  readonly isSelected: boolean
  readonly onSelect: (entry: Entry) => void
}

export const FeedRow = memo(function FeedRow(props: FeedRowProps) {
  const { id, entry, place, of, isSelected, onSelect } = props
  return (
    // biome-ignore lint/a11y/useKeyWithClickEvents: the list takes the keys.
    // biome-ignore lint/a11y/useFocusableInteractive: the list has the focus, and names the choice.
    <div
      id={id}
      role="option"
      aria-selected={isSelected}
      aria-posinset={place}
      aria-setsize={of}
      className={`feed-row ${entry.kind}`}
      onClick={() => onSelect(entry)}
    >
      {entry.kind === 'message' ? <Line message={entry.message} /> : <Loss entry={entry} />}
    </div>
  )
})

function Line({ message }: { readonly message: MessageOf }) {
  const { timestamp, type, payload } = message
  return (
    <>
      <time className="mono dim">{clockTime(timestamp)}</time>
      <span className="feed-type">{type}</span>
      <span className="chip">{audienceOf(message)}</span>
      <span className="mono dim feed-payload">
        {payload === undefined ? '' : JSON.stringify(payload).slice(0, MAX_SHOWN)}
      </span>
    </>
  )
}

function Loss({ entry }: { readonly entry: Entry & { kind: 'resync' } }) {
  return (
    <>
      <time className="mono dim">{clockTime(entry.at)}</time>
      <span className="feed-type">resync</span>
      <span className="chip">{entry.reason}</span>
      <span className="feed-payload">an app fetches its state anew here</span>
    </>
  )
}

/** Who it was for, in a word. */
export function audienceOf({ userId, roles, topics }: MessageOf): string {
  if (userId !== undefined) return userId
  if (roles !== undefined) return roles.join(', ')
  return topics?.join(', ') ?? 'everyone'
}
