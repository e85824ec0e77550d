// The rows that are visible, and no others. One tab stop; the arrow keys move the choice.

import type { KeyboardEvent, RefObject } from 'react'
import { count } from '../page/text.js'
import type { Entry } from './Feed.js'
import { FeedRow } from './FeedRow.js'
import { useVisibleRows } from './useVisibleRows.js'

const ROW_PX = 40
/** Less than this from the top is at the top. */
const TOP_PX = 8

interface FeedListProps {
  /** What scrolls. */
  readonly box: RefObject<HTMLDivElement | null>
  /** The newest is last, and shown first. */
  readonly entries: readonly Entry[]
  /** How many have come since the list is held. */
  readonly waiting: number
  readonly isPaused: boolean
  readonly selected: Entry | undefined
  readonly onSelect: (entry: Entry) => void
  readonly onScroll: (isDown: boolean) => void
  /** Back to the newest is asked for. */
  readonly onNewest: () => void
}

const rowId = ({ key }: Entry) => `entry-${key}`

export function FeedList(props: FeedListProps) {
  const { box, entries, waiting, isPaused, selected, onSelect, onScroll, onNewest } = props
  const last = entries.length - 1
  const { first, end } = useVisibleRows(box, entries.length, ROW_PX)
  const shown = entries.slice(last + 1 - end, last + 1 - first).reverse()
  const isShown = selected !== undefined && shown.some(({ key }) => key === selected.key)
  const onKeyDown = (event: KeyboardEvent) => {
    const index = entries.findLastIndex(({ key }) => key === selected?.key)
    const row = rowAfter(event.key, index < 0 ? -1 : last - index, last)
    const next = row === undefined ? undefined : entries[last - row]
    if (row === undefined || next === undefined) return
    event.preventDefault()
    onSelect(next)
    if (box.current) bringIntoSight(box.current, row)
  }
  return (
    <div className="feed-list">
      {waiting > 0 && (
        <button
          type="button"
          className="button small primary feed-waiting"
          disabled={isPaused}
          onClick={onNewest}
        >
          {count(waiting)} newer
        </button>
      )}
      <div
        ref={box}
        className="feed-box"
        role="listbox"
        aria-label="Messages, newest first"
        aria-activedescendant={isShown ? rowId(selected) : undefined}
        tabIndex={0}
        onKeyDown={onKeyDown}
        onScroll={(event) => onScroll(event.currentTarget.scrollTop > TOP_PX)}
      >
        <div
          role="presentation"
          className="feed-rows"
          style={{ height: entries.length * ROW_PX, paddingTop: first * ROW_PX }}
        >
          {shown.map((entry, index) => (
            <FeedRow
              key={entry.key}
              id={rowId(entry)}
              entry={entry}
              place={first + index + 1}
              of={entries.length}
              isSelected={entry.key === selected?.key}
              onSelect={onSelect}
            />
          ))}
        </div>
      </div>
    </div>
  )
}

/** `undefined` where the key moves nothing; `row` is -1 before anything is chosen. */
function rowAfter(key: string, row: number, last: number): number | undefined {
  if (key === 'ArrowDown') return Math.min(row + 1, last)
  if (key === 'ArrowUp') return Math.max(row - 1, 0)
  if (key === 'Home') return 0
  return key === 'End' ? last : undefined
}

function bringIntoSight(box: HTMLElement, row: number): void {
  const top = row * ROW_PX
  if (top < box.scrollTop) box.scrollTo({ top })
  const bottom = top + ROW_PX - box.clientHeight
  if (bottom > box.scrollTop) box.scrollTo({ top: bottom })
}
