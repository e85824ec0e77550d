// What the client needs of the place where it runs: time, chance, the network, and news of the
// machine. Tests hand in their own; nothing else in here touches a global.

/** The part of the WHATWG `WebSocket` that is used; the one of the `ws` package has it, too. */
export interface SocketLike {
  onopen: ((event: never) => void) | null
  onmessage: ((event: never) => void) | null
  onclose: ((event: never) => void) | null
  onerror: ((event: never) => void) | null
  send(text: string): void
  close(): void
}
export type SocketConstructor = new (url: string) => SocketLike

export interface Environment {
  /** Milliseconds by a clock that goes on while the machine sleeps. */
  readonly now: () => number
  /** From 0 up to 1. */
  readonly random: () => number
  /** Calls back once, `ms` from now; returns what cancels it. */
  readonly after: (ms: number, callback: () => void) => () => void
  readonly fetch: typeof fetch
  /** `undefined` where there is none (Node 20): then WebSocket is left out. */
  readonly WebSocket: SocketConstructor | undefined
  readonly isHidden: () => boolean
  /**
   * Calls back when the page is hidden or shown, wakes up or is restored, and when the network is
   * back or another one. Returns what ends it.
   */
  readonly watch: (onChange: () => void) => () => void
}

/** Longer delays fire at once: timers hold a signed 32-bit number. */
const MAX_DELAY_MS = 2_147_483_647

/** A browser's page, a worker, or Node: whatever of this there is. */
export function ambientEnvironment(given: {
  readonly fetch?: Environment['fetch']
  readonly WebSocket?: SocketConstructor
}): Environment {
  const { document, navigator } = globalThis as { document?: Document; navigator?: Navigator }
  return {
    now: Date.now,
    random: Math.random,
    after(ms, callback) {
      const timer = setTimeout(callback, Math.min(ms, MAX_DELAY_MS))
      return () => clearTimeout(timer)
    },
    fetch: given.fetch ?? ((...request) => fetch(...request)),
    WebSocket: given.WebSocket ?? (globalThis.WebSocket as SocketConstructor | undefined),
    isHidden: () => document?.visibilityState === 'hidden',
    watch(onChange) {
      const page = globalThis as unknown as EventTarget
      // The Network Information API is Chromium's only, and worth having on phones.
      const { connection } = (navigator ?? {}) as { connection?: EventTarget }
      const sources: [EventTarget | undefined, string][] = [
        [page, 'online'],
        [page, 'pageshow'],
        [document, 'visibilitychange'],
        [connection, 'change'],
      ]
      for (const [target, name] of sources) target?.addEventListener?.(name, onChange)
      return () => {
        for (const [target, name] of sources) target?.removeEventListener?.(name, onChange)
      }
    },
  }
}
