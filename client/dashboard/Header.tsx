// What the page is, and who it speaks as.

import { WhoAmI } from './identity/WhoAmI.js'
import { ThemeButton } from './page/ThemeButton.js'

export function Header() {
  return (
    <header className="head">
      <svg viewBox="0 0 32 32" width="28" height="28" aria-hidden="true">
        <rect className="mark-ground" width="32" height="32" rx="8" />
        <path className="mark-line" d="M7 21 Q11.5 21 13 16 T19 11 H25" />
        <circle className="mark-end" cx="25" cy="11" r="3" />
      </svg>
      <h1>Syncline</h1>
      <p className="dim">
        One log. This tab is a cursor in it. Break the network: nothing is lost.
      </p>
      <WhoAmI />
      <ThemeButton />
    </header>
  )
}
