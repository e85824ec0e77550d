// Whether something has come near to where it is seen: what is heavy is loaded then.

import { type RefObject, useEffect, useState } from 'react'

const NEAR = '200px'

/** Stays true once it was. */
export function useSeen(place: RefObject<HTMLElement | null>): boolean {
  const [isSeen, setIsSeen] = useState(false)
  useEffect(() => {
    if (isSeen || place.current === null) return
    const observer = new IntersectionObserver(
      (changes) => setIsSeen(changes.some(({ isIntersecting }) => isIntersecting)),
      { rootMargin: NEAR },
    )
    observer.observe(place.current)
    return () => observer.disconnect()
  }, [isSeen, place])
  return isSeen
}
