// The rows that are visible, and no others. One tab stop; the arrow keys move the choice.

import { useVirtualizer } from '@tanstack/react-virtual'
import { type KeyboardEvent, useRef } from 'react'
import { count } from '../page/text.js'
import type { Entry } from './Feed.js'
import { FeedRow } from './FeedRow.js'

const ROW_PX = 40
/** Less than this from the top is at the top. */
const TOP_PX = 8

interface FeedListProps {
  /** The newest is last. */
  readonly entries: readonly Entry[]
  /** How many have come since the list is held. */
  readonly waiting: number
  readonly isPaused: boolean
  readonly selected: Entry | undefined
  readonly onSelect: (entry: Entry) => void
  readonly onScroll: (isDown: boolean) => void
}

const rowId = ({ key }: Entry) => `entry-${key}`

export function FeedList(props: FeedListProps) {
  const { entries, waiting, isPaused, selected, onSelect, onScroll } = props
  const box = useRef<HTMLDivElement>(null)
  const at = (row: number) => entries[entries.length - 1 - row]
  const rows = useVirtualizer({
    count: entries.length,
    getScrollElement: () => box.current,
    estimateSize: () => ROW_PX,
    overscan: 8,
  })
  const onKeyDown = (event: KeyboardEvent) => {
    const now = entries.findIndex(({ key }) => key === selected?.key)
    const next = at(rowAfter(event.key, now < 0 ? -1 : entries.length - 1 - now, entries.length))
    if (next === undefined) return
    event.preventDefault()
    onSelect(next)
    rows.scrollToIndex(entries.length - 1 - entries.indexOf(next))
  }
  return (
    <div className="feed-list">
      {waiting > 0 && (
        <button
          type="button"
          className="button small primary feed-waiting"
          disabled={isPaused}
          onClick={() => box.current?.scrollTo({ top: 0 })}
        >
          {count(waiting)} newer
        </button>
      )}
      <div
        ref={box}
        className="feed-box"
        role="listbox"
        aria-label="Messages, newest first"
        aria-activedescendant={selected && rowId(selected)}
        tabIndex={0}
        onKeyDown={onKeyDown}
        onScroll={(event) => onScroll(event.currentTarget.scrollTop > TOP_PX)}
      >
        <div role="presentation" style={{ height: rows.getTotalSize(), position: 'relative' }}>
          {rows.getVirtualItems().map(({ index, start }) => {
            const entry = at(index)
            return (
              entry && (
                <FeedRow
                  key={entry.key}
                  id={rowId(entry)}
                  entry={entry}
                  top={start}
                  isSelected={entry.key === selected?.key}
                  onSelect={onSelect}
                />
              )
            )
          })}
        </div>
      </div>
    </div>
  )
}

/** `undefined`-like -1 where the key moves nothing. */
function rowAfter(key: string, row: number, length: number): number {
  if (key === 'ArrowDown') return Math.min(row + 1, length - 1)
  if (key === 'ArrowUp') return Math.max(row - 1, 0)
  if (key === 'Home') return 0
  if (key === 'End') return length - 1
  return -1
}
