// The feed of this page's connection.

import { useEffect, useState, useSyncExternalStore } from 'react'
import { useConnectionManager, useResync } from '../../react/index.js'
import { Feed, type FeedSnapshot } from './Feed.js'

export function useFeed(): FeedSnapshot & { readonly clear: () => void } {
  const [feed] = useState(() => new Feed())
  const { manager } = useConnectionManager()
  const snapshot = useSyncExternalStore(feed.subscribe, feed.getSnapshot)
  useResync(({ reason }) => feed.addResync(reason))
  useEffect(() => {
    const stopMessages = manager.onMessage((message) => feed.addMessage(message))
    // What another user was shown is not for this one.
    const stopForgotten = manager.on('forgotten', () => feed.clear())
    return () => {
      stopMessages()
      stopForgotten()
    }
  }, [manager, feed])
  return { ...snapshot, clear: () => feed.clear() }
}
