// The sheet that each part of the page stands on.

import { type ReactNode, useId } from 'react'

interface PanelProps {
  readonly title: string
  /** For its place in the page's grid. */
  readonly className: string
  /** Beside the title. */
  readonly aside?: ReactNode
  readonly children: ReactNode
}

export function Panel({ title, className, aside, children }: PanelProps) {
  const id = useId()
  return (
    <section className={`panel ${className}`} aria-labelledby={id}>
      <header>
        <h2 id={id}>{title}</h2>
        {aside}
      </header>
      {children}
    </section>
  )
}
