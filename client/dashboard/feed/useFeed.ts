// The feed of this page's connection.

import { useEffect, useState, useSyncExternalStore } from 'react'
import { useConnectionManager, useResync } from '../../react/index.js'
import { Feed, type FeedSnapshot } from './Feed.js'

export function useFeed(): FeedSnapshot & { readonly clear: () => void } {
  const [feed] = useState(() => new Feed())
  const { manager } = useConnectionManager()
  const snapshot = useSyncExternalStore(feed.subscribe, feed.getSnapshot)
  useResync(({ reason }) => feed.addResync(reason))
  useEffect(() => manager.onMessage((message) => feed.addMessage(message)), [manager, feed])
  return { ...snapshot, clear: () => feed.clear() }
}
