// What is to be sent, and what was sent without an answer yet. Each message has an idempotency key,
// so a repeat publishes nothing twice: for as long as the server keeps its keys, that is for some
// minutes and within one epoch. After that nobody can say what became of it, and it says so.

import { backoffMs } from './backoff.js'
import { ConnectionError } from './ConnectionError.js'
import type { Environment } from './environment.js'
import { epochOf } from './epoch.js'
import type { AnswerFrame } from './frames.js'
import type { Ladder } from './ladder.js'
import type { Sent } from './messages.js'
import type { ResolvedOptions } from './options.js'
import { post } from './post.js'

/** The server keeps its keys for five minutes, and a repeat takes its time on the way. */
const REPEAT_WITHIN_MS = 4.5 * 60_000
/** Written to a socket before the first answer: enough to hide the way there and back. */
const MAX_IN_FLIGHT = 16
/** Answers after which the same message may be sent again: the server was busy, not unwilling. */
const TRY_AGAIN = ['unavailable', 'rate_limited', 'internal']

interface OutboxParts {
  readonly options: ResolvedOptions
  readonly environment: Environment
  readonly ladder: Pick<Ladder, 'cursor' | 'maxBytes' | 'say'>
  /** Whether anything may be sent now. */
  readonly isOpen: () => boolean
  readonly token: () => string | undefined
  /** The token is no longer good: whether there will be another. */
  readonly expired: () => boolean
}

interface Item {
  /** What answers name. Not the key, which may be longer than a `ref`. */
  readonly ref: number
  readonly key: string
  readonly json: string
  readonly resolve: (sent: Sent) => void
  readonly reject: (error: ConnectionError) => void
  epoch: string
  repeatUntil: number
  tries: number
  state: 'waiting' | 'framed' | 'posted' | 'resting'
  cancelDeadline: () => void
}

export type Outbox = ReturnType<typeof createOutbox>

export function createOutbox(parts: OutboxParts) {
  const { options, environment, ladder } = parts
  const items = new Map<number, Item>()
  let lastRef = 0

  /** Sends what waits, if there is a way. */
  function pump(): void {
    const cursor = ladder.cursor()
    if (items.size === 0 || !cursor || !parts.isOpen()) return
    const maxBytes = ladder.maxBytes()
    for (const item of [...items.values()].slice(0, maxBytes === undefined ? 1 : MAX_IN_FLIGHT)) {
      // Nothing overtakes one that the server was too busy for, or that is on its way by request.
      if (item.state === 'resting' || item.state === 'posted') return
      if (item.state === 'waiting') attempt(item, epochOf(cursor), maxBytes)
    }
  }

  function attempt(item: Item, epoch: string, maxBytes: number | undefined): void {
    const { ref, key, json } = item
    const isRepeat = item.tries > 0
    // A timer stands still while the machine sleeps.
    const isLate = environment.now() > item.repeatUntil
    if (isRepeat && (isLate || item.epoch !== epoch)) return giveUp(item, 'too late to repeat it')
    item.tries += 1
    if (!isRepeat) {
      item.epoch = epoch
      item.repeatUntil = environment.now() + REPEAT_WITHIN_MS
      item.cancelDeadline = environment.after(REPEAT_WITHIN_MS, () => giveUp(item, 'no answer'))
    }
    if (maxBytes === undefined) {
      item.state = 'posted'
      void post(parts, { key, json, epoch: item.epoch, isRepeat }).then((frame) =>
        settle(item, frame),
      )
      return
    }
    item.state = 'framed'
    const frame = { op: 'send', ref, message: { ...JSON.parse(json), idempotencyKey: key } }
    if (new TextEncoder().encode(JSON.stringify(frame)).length <= maxBytes) return ladder.say(frame)
    giveUp(item, `must be at most ${maxBytes} bytes`, 'too_large')
  }

  function settle(item: Item, frame: AnswerFrame): void {
    if (!items.has(item.ref)) return
    if (frame.op === 'ok') {
      const { messageId, cursor, timestamp, duplicate } = frame as unknown as Sent
      remove(item).resolve({ messageId, cursor, timestamp, duplicate })
    } else {
      const { code, message, retryAfterMs } = frame
      const restMs = retryAfterMs ?? 100 + backoffMs(item.tries, environment.random)
      const isBusy = TRY_AGAIN.includes(code)
      // What would rest for longer than it may be repeated would only hold up all behind it.
      if (isBusy && restMs < REPEAT_WITHIN_MS) {
        item.state = 'resting'
        environment.after(restMs, () => {
          item.state = 'waiting'
          pump()
        })
      } else giveUp(item, message, isBusy && item.tries > 1 ? 'indeterminate' : code)
    }
    pump()
  }

  function giveUp(item: Item, why: string, code = item.tries ? 'indeterminate' : 'not_sent'): void {
    remove(item).reject(new ConnectionError(code, why))
  }

  function remove(item: Item): Item {
    item.cancelDeadline()
    items.delete(item.ref)
    return item
  }

  return {
    /** Queues a message, as JSON; sent in the order of the calls as long as the server takes them. */
    add: (json: string, key = randomKey()): Promise<Sent> =>
      new Promise((resolve, reject) => {
        if (items.size >= options.maxOutbox) {
          throw new ConnectionError('outbox_full', 'wait until earlier messages are answered')
        }
        const cancelDeadline = () => {}
        const rest = {
          epoch: '',
          repeatUntil: 0,
          tries: 0,
          state: 'waiting',
          cancelDeadline,
        } as const
        lastRef += 1
        items.set(lastRef, { ref: lastRef, key, json, resolve, reject, ...rest })
        pump()
      }),

    pump,

    /** Another link carries, or none: answers to what was written to the last one won't come. */
    linkChanged(): void {
      for (const item of items.values()) if (item.state === 'framed') item.state = 'waiting'
      pump()
    },

    answered(frame: AnswerFrame): void {
      const item = items.get(frame.ref as number)
      if (item?.state === 'framed') settle(item, frame)
    },

    /** Gives everything up. What was tried may or may not have been applied. */
    clear(why: string): void {
      for (const item of items.values()) giveUp(item, why)
    },
  }
}

/** `crypto.randomUUID` is missing on plain-http pages; this is not. */
function randomKey(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16))
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('')
}
