// Which rows of a long list are to be rendered: those in sight, and a few beside them. All rows are
// equally high, so this is arithmetic.

import { type RefObject, useEffect, useState } from 'react'

/** Rendered above and below, so that scrolling shows no gap. */
const BESIDE = 8

interface VisibleRows {
  readonly first: number
  /** The one after the last. */
  readonly end: number
}

export function useVisibleRows(
  box: RefObject<HTMLElement | null>,
  count: number,
  rowPx: number,
): VisibleRows {
  const [{ top, height }, setPlace] = useState({ top: 0, height: 0 })
  useEffect(() => {
    const element = box.current
    if (element === null) return
    const read = () => setPlace({ top: element.scrollTop, height: element.clientHeight })
    const sizes = new ResizeObserver(read)
    sizes.observe(element)
    element.addEventListener('scroll', read, { passive: true })
    return () => {
      sizes.disconnect()
      element.removeEventListener('scroll', read)
    }
  }, [box])
  const inSight = Math.ceil(height / rowPx)
  // The browser tells only after the list has become shorter that it scrolled up for that.
  const seen = Math.min(Math.floor(top / rowPx), Math.max(0, count - inSight))
  return { first: Math.max(0, seen - BESIDE), end: Math.min(count, seen + inSight + 1 + BESIDE) }
}
