// What a poll is answered: one page of the log, held back until there is something to say.

import type { Environment } from '../../../client/connection/environment.js'
import type { Entry, FakeLog } from './FakeLog.js'
import { isFor } from './FakeStream.js'

export interface Answer {
  readonly status: number
  readonly body: object
  readonly headers?: Readonly<Record<string, string>>
}

export const failure = (status: number, code: string, message: string): Answer => ({
  status,
  body: { success: false, error: { code, message } },
})

export class FakePolls {
  /** Messages on a page, at most. */
  pageLimit = 100
  readonly #log: FakeLog
  readonly #denied: ReadonlySet<string>
  readonly #environment: Pick<Environment, 'after'>
  readonly #held = new Set<() => void>()

  constructor(log: FakeLog, denied: ReadonlySet<string>, environment: Pick<Environment, 'after'>) {
    this.#log = log
    this.#denied = denied
    this.#environment = environment
  }

  /** Answers those that are held, where there is news for them. */
  pump(): void {
    for (const tell of [...this.#held]) tell()
  }

  /** Nobody is answered any more. */
  forget(): void {
    this.#held.clear()
  }

  /** Calls back with a page, at once or when there is news; returns what ends that. */
  ask(query: URLSearchParams, userId: string, answer: (answer: Answer) => void): () => void {
    const topics = new Set((query.get('topics') ?? '').split(',').filter(Boolean))
    const since = query.get('since') ?? '0'
    const denied = [...topics].find((topic) => this.#denied.has(topic))
    const reads = (entry: Entry) => isFor(entry, userId, topics)
    const isWrong = denied !== undefined || !this.#log.start(since, reads)
    if (isWrong) {
      const code = denied ? 'forbidden' : 'invalid_cursor'
      answer(failure(denied ? 403 : 400, code, `"${denied}"`))
      return () => {}
    }
    // Where it begins is decided when it is asked; what is lost, when it is answered.
    const cursor = since === 'now' ? this.#log.cursor : since
    const tell = () => {
      const { body, isNews } = this.#page(cursor, since === 'now' || since === '0', reads)
      if (isNews || !isHeld) done(body)
    }
    const done = (body: object) => {
      this.#held.delete(tell)
      cancel()
      answer({ status: 200, body })
    }
    let isHeld = Number(query.get('wait') ?? 0) > 0
    const late = () => {
      isHeld = false
      tell()
    }
    const cancel = this.#environment.after(Number(query.get('wait') ?? 0) * 1000, late)
    if (isHeld) this.#held.add(tell)
    tell()
    return () => {
      this.#held.delete(tell)
      cancel()
    }
  }

  #page(since: string, isNew: boolean, reads: (entry: Entry) => boolean) {
    const log = this.#log
    const { position, reason } = log.start(since, reads) ?? { position: log.head }
    const all = log.between(position, log.head, reads)
    const last = all.filter(({ message }) => message)[this.pageLimit - 1]
    const entries = last ? all.filter(({ n }) => n <= last.n) : all
    const hasMore = entries.length < all.length
    const why = reason ?? (entries.some(({ message }) => !message) ? 'forced' : undefined)
    const resync = !isNew && why !== undefined
    const messages = entries.flatMap(({ message }) => message ?? [])
    const cursor = log.cursorAt(hasMore ? (last?.n ?? 0) : log.head)
    const body = {
      success: true,
      messages,
      cursor,
      hasMore,
      resync,
      ...(resync && { reason: why }),
    }
    return { body, isNews: messages.length > 0 || resync }
  }
}
