// Reads the log page by page. Each page's cursor is handed back with the next request, so a page
// that is lost on the way is simply asked for again.

import type { Message, ResyncReason } from '../../shared/message.js'
import type { Closure } from './closures.js'
import type { Environment } from './environment.js'
import { checkMessage, checkShape } from './frames.js'
import type { ResolvedOptions } from './options.js'
import { closureOf, requestJson, withQuery } from './request.js'
import type { Link, LinkEvent, Reading } from './transport.js'

/** When to ask, and for how long the server may hold its answer. */
export interface Rhythm {
  /** 0: answered at once. */
  readonly waitSeconds: () => number
  /** A held request was cut off on the way: whether to go on, asking for less perhaps. */
  readonly cut: (heldMs: number) => boolean
  /**
   * How long to wait after a page until the next one is asked for. `heldMs`: how long its request
   * took, `Infinity` where it was not to be held. Throws where going on is senseless.
   */
  readonly pauseMs: (isEmpty: boolean, heldMs: number) => number
}

interface Page {
  readonly messages: readonly Message[]
  readonly cursor: string
  readonly hasMore: boolean
  readonly resync: boolean
  readonly reason?: ResyncReason
}

export function openPollLink(
  { pollingUrl, connectionTimeout }: ResolvedOptions,
  { now, after, fetch }: Environment,
  { waitSeconds, cut, pauseMs }: Rhythm,
  { since, topics, token }: Reading,
  emit: (event: LinkEvent) => void,
): Link {
  const abort = new AbortController()
  const { signal } = abort
  let denied: readonly string[] = []
  let heldMs = Infinity
  let cancelTimer = () => {}

  function close(): void {
    abort.abort()
    cancelTimer()
  }

  function say(event: LinkEvent): void {
    if (!signal.aborted) emit(event)
  }

  function end(closure: Closure): void {
    say({ closure })
    close()
  }

  async function ask(wait: number): Promise<Page> {
    const query = { since, topics: topics.join(','), wait: String(wait) }
    const late = () => end({ kind: 'lost', why: 'no answer in time' })
    cancelTimer = after(wait * 1000 + connectionTimeout, late)
    const startedAt = now()
    try {
      return readPage(await requestJson(withQuery(pollingUrl, query), { fetch, token, signal }))
    } finally {
      cancelTimer()
      heldMs = wait === 0 ? Infinity : now() - startedAt
    }
  }

  function readPage(value: unknown): Page {
    const page = checkShape(value, { cursor: '', messages: [] }) as unknown as Page
    page.messages.forEach(checkMessage)
    const isNews = page.messages.length > 0 || page.hasMore || page.resync
    // Asked again, it would say the same for ever.
    if (isNews && page.cursor === since) throw new SyntaxError('a page that leads nowhere')
    return page
  }

  /** The first answer comes at once: it is what says that this transport works. */
  async function askFirst(): Promise<Page> {
    try {
      return await ask(0)
    } catch (error) {
      const { code, why } = closureOf(error)
      if (code !== 'forbidden' || topics.length === 0) throw error
      // Here a denied topic refuses the whole request: go on without it, as streams do.
      const named = topics.filter((topic) => why.includes(`"${topic}"`))
      denied = denied.concat(named.length > 0 ? named : topics)
      topics = topics.filter((topic) => !denied.includes(topic))
      return askFirst()
    }
  }

  async function askNext(previous: Page): Promise<Page> {
    if (previous.hasMore && previous.messages.length > 0) return ask(0)
    const pause = pauseMs(previous.messages.length === 0, heldMs)
    await new Promise<void>((resolve) => {
      cancelTimer = after(pause, resolve)
    })
    for (;;) {
      const wait = waitSeconds()
      try {
        return await ask(wait)
      } catch (error) {
        const { kind, retryAfterMs } = closureOf(error)
        const isCut = wait > 0 && kind === 'lost' && !retryAfterMs && !signal.aborted
        if (!isCut || !cut(heldMs)) throw error
      }
    }
  }

  async function run(): Promise<never> {
    let page = await askFirst()
    const { resync, reason } = page
    const start = page.messages.length === 0 ? { cursor: page.cursor } : {}
    say({ op: 'connected', denied, resync, ...(reason && { reason }), ...start })
    for (;;) {
      for (const message of page.messages) say({ op: 'message', message })
      say({ op: 'heartbeat', cursor: page.cursor })
      since = page.cursor
      const previous = page
      page = await askNext(previous)
      // A reader that pages on below a loss is told of it with each page.
      const isTold = previous.hasMore && page.reason === previous.reason && page.reason !== 'forced'
      if (page.resync && page.reason && !isTold) say({ op: 'resync', reason: page.reason })
    }
  }

  run().catch((error: unknown) => end(closureOf(error)))
  return { close }
}
