// Dark, light, or as the system has it. Remembered by this browser.

import { Monitor, Moon, Sun } from 'lucide-react'
import { useEffect, useState } from 'react'

const THEMES = ['system', 'dark', 'light'] as const
type Theme = (typeof THEMES)[number]
const ICONS = { system: Monitor, dark: Moon, light: Sun }
const STORED = 'syncline-theme'

export function ThemeButton() {
  const [theme, setTheme] = useState<Theme>(stored)
  useEffect(() => {
    if (theme === 'system') delete document.documentElement.dataset.theme
    else document.documentElement.dataset.theme = theme
    store(theme)
  }, [theme])
  const next = THEMES[(THEMES.indexOf(theme) + 1) % THEMES.length] ?? 'system'
  const Icon = ICONS[theme]
  return (
    <button
      type="button"
      className="button small"
      aria-label={`Colours: ${theme}. Change to ${next}`}
      title={`Colours: ${theme}`}
      onClick={() => setTheme(next)}
    >
      <Icon size={15} aria-hidden />
    </button>
  )
}

/** Browsers that keep nothing throw. */
function stored(): Theme {
  try {
    return THEMES.find((theme) => theme === localStorage.getItem(STORED)) ?? 'system'
  } catch {
    return 'system'
  }
}

function store(theme: Theme): void {
  try {
    localStorage.setItem(STORED, theme)
  } catch {
    // It is as the system has it, next time.
  }
}
