// A reader's sessions by polling: pages, held polls, and held polls that are cut.

import { type Answer, Api } from '../../support/Api.js'
import type { SessionCheck } from './checker.js'
import { type From, Patience, type Reader, sinceOf } from './Reader.js'

export type PollStep = {
  readonly from: From
  readonly topics: readonly string[]
  readonly limit: number
} & (
  | { readonly kind: 'poll'; readonly pages: number }
  | {
      readonly kind: 'longPoll'
      /** Held for so long that only a message ends it, or for a moment. */
      readonly isLong: boolean
      /** A long one is cut when nothing was owed for so long. */
      readonly idleMs: number
    }
)

const LONG_SECONDS = 20
const SHORT_SECONDS = 0.03

export async function runPoll(reader: Reader, step: PollStep): Promise<void> {
  if (step.kind === 'longPoll') return runLongPoll(reader, step)
  let from = step.from
  for (let page = 0; page < step.pages; page += 1) {
    const check = await reader.open('poll', from, step.topics)
    const answer = await ask(reader, check, step)
    if (answer?.body.hasMore !== true) return
    from = 'cursor'
  }
}

/** All pages up to the head: the last word on what this reader got. */
export async function readToEnd(reader: Reader, topics: readonly string[]): Promise<void> {
  for (;;) {
    const check = await reader.open('poll', 'cursor', topics)
    const answer = await ask(reader, check, { topics, limit: 100 })
    if (answer === undefined) throw new Error('the last poll was not answered')
    if (!answer.body.hasMore) return
  }
}

async function runLongPoll(
  reader: Reader,
  step: Extract<PollStep, { kind: 'longPoll' }>,
): Promise<void> {
  const check = await reader.open('longPoll', step.from, step.topics)
  const cut = new AbortController()
  let isAnswered = false
  const wait = step.isLong ? LONG_SECONDS : SHORT_SECONDS
  const answered = ask(reader, check, { ...step, wait, signal: cut.signal }).finally(() => {
    isAnswered = true
  })
  let patience = new Patience()
  for (let idleMs = 0; !isAnswered && step.isLong && idleMs < step.idleMs; ) {
    const [owed] = check.owed(reader.world.now())
    if (owed === undefined) {
      idleMs += 5
      patience = new Patience()
    } else if (patience.isOver) {
      check.add({ kind: 'stuck', at: reader.world.now(), detail: owed.cursor })
      break
    }
    await patience.wait()
  }
  if (step.isLong) cut.abort()
  await answered
}

interface Asked {
  readonly topics: readonly string[]
  readonly limit: number
  readonly wait?: number
  readonly signal?: AbortSignal
}

/** Without an answer, because it was cut or its server is gone, the reader is where it was. */
async function ask(
  reader: Reader,
  check: SessionCheck,
  { topics, limit, wait, signal }: Asked,
): Promise<Answer | undefined> {
  const query = {
    since: sinceOf(check.session.start),
    limit,
    ...(topics.length > 0 && { topics: topics.join(',') }),
    ...(wait !== undefined && { wait }),
  }
  try {
    const answer = await new Api(reader.world.url, reader.token).poll(query, signal)
    const { status, body } = answer
    if (status !== 200) throw new Error(`a poll was refused: ${JSON.stringify(body)}`)
    const { messages, cursor, hasMore, reason } = body
    check.add({ kind: 'page', at: reader.world.now(), messages, cursor, hasMore, reason })
    return answer
  } catch (error) {
    if (signal?.aborted || reader.isRestarted(check)) return undefined
    throw error
  } finally {
    reader.leave(check)
  }
}
