// The card that opens by itself when the server asks who this tab is.

import { type RefObject, useEffect, useRef } from 'react'

interface Card {
  readonly ref: RefObject<HTMLDivElement | null>
  readonly close: () => void
}

/** Opens when it becomes true that something is asked; whoever closes it then has read it. */
export function useCard(isAsked: boolean): Card {
  const ref = useRef<HTMLDivElement>(null)
  useEffect(() => {
    const card = ref.current
    if (!isAsked || card === null || card.matches(':popover-open')) return
    card.showPopover()
    // What one types elsewhere must not go on in here.
    if (document.activeElement === document.body) card.querySelector('input')?.focus()
  }, [isAsked])
  return { ref, close: () => ref.current?.hidePopover() }
}
