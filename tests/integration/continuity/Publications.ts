// What publishers meant and what they were told, and whether the logs agree: each acknowledged
// message is in the log once, where its answer said, for whom its publisher meant it.

import { EVERYONE, roleKey, topicKey, userKey } from '../../../shared/audience.js'
import { comparePositions } from '../../../shared/cursor.js'
import type { Message } from '../../../shared/message.js'
import { type LogRecord, positionOf } from './LogRecord.js'
import type { Fault, Violation } from './session.js'

export interface Audience {
  readonly userId?: string
  readonly roles?: readonly string[]
  readonly topics?: readonly string[]
}

export interface Draft extends Audience {
  readonly type: string
  /** `n` tells publications apart; one for each of several users is told apart by its user. */
  readonly payload: { readonly n: number; readonly isForEach?: true; readonly pad?: string }
}

export interface Receipt {
  readonly messageId: string
  /** Absent where an answer names only the last one's cursor. */
  readonly cursor: string | undefined
  readonly isDuplicate: boolean
}

/** What became of one draft: every answer that was given about it. */
interface Fate {
  readonly draft: Draft
  readonly receipts: Receipt[]
  isRefused: boolean
}

export class Publications {
  readonly #logs: LogRecord[] = []
  readonly #fates = new Map<string, Fate>()
  #count = 0

  began(log: LogRecord): void {
    this.#logs.push(log)
  }

  /** A draft of its own, to be told from all others by its payload. */
  draft(audience: Audience, padding = 0): Draft {
    const pad = padding > 0 ? { pad: 'x'.repeat(padding) } : {}
    return this.#add({ type: 'test', payload: { n: this.#next(), ...pad }, ...audience })
  }

  /** One draft for each of these users, all alike. */
  draftForEach(userIds: readonly string[]): Draft[] {
    const payload = { n: this.#next(), isForEach: true } as const
    return userIds.map((userId) => this.#add({ type: 'test', payload, userId }))
  }

  acknowledged(draft: Draft, receipt: Receipt): void {
    this.#fates.get(nameOf(draft))!.receipts.push(receipt)
  }

  refused(draft: Draft): void {
    this.#fates.get(nameOf(draft))!.isRefused = true
  }

  /** What is wrong with the logs themselves. */
  check(): Violation[] {
    const violations: Violation[] = []
    const report = (fault: Fault, detail: string) =>
      violations.push({ fault, where: 'the log', detail })
    const found = new Map<string, Message>()
    for (const { entries, start } of this.#logs) {
      let last = positionOf(start)
      for (const entry of entries) {
        if (comparePositions(entry, last) <= 0) {
          report('backwards: a position before an earlier one', entry.cursor)
        }
        last = entry
        if (entry.kind === 'resync') continue
        const message = JSON.parse(entry.json!) as Message
        const name = nameOf(message as Pick<Draft, 'payload' | 'userId'>)
        if (found.has(name)) report('repeated: at or before what it already had', name)
        found.set(name, message)
        const fate = this.#fates.get(name)
        if (fate === undefined || fate.isRefused || !isMeant(fate.draft, message, entry.audience)) {
          report('bent: not as it was published', entry.json!)
        }
      }
    }
    for (const [name, { receipts }] of this.#fates) {
      const message = found.get(name)
      if (receipts.length === 0) continue
      if (message === undefined) {
        report('unknown: the log never held it', `acknowledged message ${name}`)
      } else if (receipts.some((receipt) => !isTrue(receipt, message))) {
        report('bent: not as it was published', `the answer about message ${name}`)
      }
      if (receipts.filter(({ isDuplicate }) => !isDuplicate).length > 1) {
        report('repeated: at or before what it already had', `message ${name} was new twice`)
      }
    }
    return violations
  }

  #next(): number {
    this.#count += 1
    return this.#count
  }

  #add(draft: Draft): Draft {
    this.#fates.set(nameOf(draft), { draft, receipts: [], isRefused: false })
    return draft
  }
}

function nameOf({ payload, userId }: Pick<Draft, 'payload' | 'userId'>): string {
  return payload.isForEach ? `${payload.n} for ${userId}` : String(payload.n)
}

const isTrue = ({ messageId, cursor }: Receipt, message: Message): boolean =>
  messageId === message.id && (cursor === undefined || cursor === message.cursor)

function isMeant(draft: Draft, message: Message, audience: readonly string[]): boolean {
  const facts = ({ type, payload, userId, roles, topics }: Draft | Message) =>
    JSON.stringify({ type, payload, userId, roles, topics })
  return (
    facts(draft) === facts(message) &&
    [...audience].sort().join() === audienceOf(draft).sort().join()
  )
}

/** The model's own reading of the contract: user, else roles, else topics, else everyone. */
function audienceOf({ userId, roles, topics }: Audience): string[] {
  if (userId !== undefined) return [userKey(userId)]
  if (roles !== undefined) return roles.map(roleKey)
  if (topics !== undefined) return topics.map(topicKey)
  return [EVERYONE]
}
