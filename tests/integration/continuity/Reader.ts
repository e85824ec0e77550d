// One reader on its walk: it goes from transport to transport with nothing but its cursor, leaves
// rudely, and has every answer judged as it comes.

import { setTimeout as delay } from 'node:timers/promises'
import { EVERYONE, roleKey, topicKey, userKey } from '../../../shared/audience.js'
import { SessionCheck } from './checker.js'
import type { Start, Transport } from './session.js'
import type { World } from './World.js'

export interface ReaderFacts {
  readonly userId: string
  readonly roles: readonly string[]
}

/** `older`: a cursor that it had some sessions ago, perhaps from a log that is gone. */
export type From = 'cursor' | 'older' | 'now' | 'oldest'

export class Reader {
  readonly token: string
  readonly world: World
  readonly #name: string
  readonly #facts: ReaderFacts
  readonly #cursors: Extract<Start, { kind: 'cursor' }>[] = []

  constructor(world: World, name: string, facts: ReaderFacts) {
    this.world = world
    this.#name = name
    this.#facts = facts
    this.token = `dev:${[facts.userId, facts.roles.join(',')].filter(Boolean).join(':')}`
  }

  /** Where the next session begins. Without a cursor, at the oldest. */
  start(from: From): Start {
    if (from === 'now' || from === 'oldest') return { kind: from }
    const { length } = this.#cursors
    const index = from === 'cursor' ? length - 1 : Math.floor(length / 2)
    return this.#cursors[index] ?? { kind: 'oldest' }
  }

  /** Begins a session; not while the server restarts, so that its log is known. */
  async open(transport: Transport, from: From, topics: readonly string[]): Promise<SessionCheck> {
    await this.world.ready()
    const { userId, roles } = this.#facts
    return new SessionCheck({
      reader: this.#name,
      transport,
      log: this.world.log,
      start: this.start(from),
      audiences: [EVERYONE, userKey(userId), ...roles.map(roleKey), ...topics.map(topicKey)],
      openedAt: this.world.now(),
    })
  }

  /** Takes the cursor and the verdict along. */
  leave({ cursor, session, violations }: SessionCheck): void {
    this.world.violations.push(...violations)
    if (cursor !== undefined) this.#cursors.push({ kind: 'cursor', cursor, log: session.log })
  }

  /** Whether a session may have ended because its server did. */
  isRestarted({ session }: SessionCheck): boolean {
    return this.world.isRestarting || this.world.log !== session.log
  }

  /** Waits until nothing is owed any more and all is answered, or `isOver`. */
  async settled(
    check: SessionCheck,
    isOver: () => boolean,
    isAnswered: () => boolean = () => true,
  ): Promise<void> {
    const patience = new Patience()
    while (!isOver()) {
      const [owed] = check.owed(this.world.now())
      if (check.hasStarted && owed === undefined && isAnswered()) return
      if (patience.isOver) {
        const detail = owed?.cursor ?? 'an answer'
        return check.add({ kind: 'stuck', at: this.world.now(), detail })
      }
      await patience.wait()
    }
  }
}

/** Owed for so long, on a process that had its turns meanwhile, means that it won't come. */
export class Patience {
  readonly #startedAt = Date.now()
  #turns = 0

  get isOver(): boolean {
    return this.#turns > 300 && Date.now() - this.#startedAt > 3000
  }

  async wait(): Promise<void> {
    this.#turns += 1
    await delay(5)
  }
}

export const sinceOf = (start: Start): string =>
  start.kind === 'cursor' ? start.cursor : start.kind === 'now' ? 'now' : '0'
