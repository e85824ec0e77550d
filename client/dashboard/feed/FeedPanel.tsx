// Messages as they come, the newest first. Reading further down holds the list still.

import { Pause, Play, Trash2 } from 'lucide-react'
import { useMemo, useRef, useState } from 'react'
import { Panel } from '../page/Panel.js'
import { count } from '../page/text.js'
import { EmptyFeed } from './EmptyFeed.js'
import { type Entry, type Filter, passes } from './Feed.js'
import { FeedList } from './FeedList.js'
import { FilterFields } from './FilterFields.js'
import { MessageView } from './MessageView.js'
import { useFeed } from './useFeed.js'
import './feed.css'

/** What keeps the list as it was: a button, or having scrolled down. */
interface Hold {
  readonly by: 'pause' | 'scroll'
  readonly entries: readonly Entry[]
}

export function FeedPanel() {
  const feed = useFeed()
  const [filter, setFilter] = useState<Filter>({ type: '', topic: '' })
  const [hold, setHold] = useState<Hold>()
  const [selected, setSelected] = useState<Entry>()
  const list = useRef<HTMLDivElement>(null)
  const entries = hold?.entries ?? feed.entries
  const shown = useMemo(() => entries.filter((entry) => passes(entry, filter)), [entries, filter])
  const newest = hold?.entries.at(-1)?.key ?? -1
  const waiting = hold
    ? feed.entries.filter((entry) => entry.key > newest && passes(entry, filter)).length
    : 0
  const clear = () => {
    feed.clear()
    setHold(undefined)
    setSelected(undefined)
    setFilter({ type: '', topic: '' })
  }
  const holdByScroll = (isDown: boolean) => {
    if (hold?.by === 'pause') return
    setHold((before) => (isDown ? (before ?? { by: 'scroll', entries: feed.entries }) : undefined))
  }
  const isPaused = hold?.by === 'pause'
  const release = () => {
    list.current?.scrollTo({ top: 0 })
    list.current?.focus()
    setHold(undefined)
  }
  const togglePause = () => {
    list.current?.scrollTo({ top: 0 })
    setHold(isPaused ? undefined : { by: 'pause', entries: feed.entries })
  }
  const changeFilter = (next: Filter) => {
    setFilter(next)
    if (!isPaused) setHold(undefined)
    list.current?.scrollTo({ top: 0 })
  }
  const close = () => {
    setSelected(undefined)
    list.current?.focus()
  }

  return (
    <Panel
      title="Feed"
      className="feed"
      aside={
        <div className="row">
          <span className="small dim" data-figure="received" data-value={feed.total}>
            {count(feed.total)} received
          </span>
          <FilterFields filter={filter} types={feed.types} topics={feed.topics} on={changeFilter} />
          <button
            type="button"
            className="button small"
            aria-pressed={isPaused}
            onClick={togglePause}
          >
            {isPaused ? <Play size={14} aria-hidden /> : <Pause size={14} aria-hidden />}
            {isPaused ? 'Go on' : 'Pause'}
          </button>
          <button type="button" className="button small" onClick={clear}>
            <Trash2 size={14} aria-hidden />
            Clear
          </button>
        </div>
      }
    >
      {shown.length === 0 ? (
        <EmptyFeed isFiltered={entries.length > 0} />
      ) : (
        <div className="feed-body">
          <FeedList
            box={list}
            entries={shown}
            waiting={waiting}
            isPaused={isPaused}
            selected={selected}
            onSelect={setSelected}
            onScroll={holdByScroll}
            onNewest={release}
          />
          {selected && <MessageView entry={selected} onClose={close} />}
        </div>
      )}
    </Panel>
  )
}
