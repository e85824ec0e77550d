// Terms that follow one another, each of which may end at any moment: what one has begun, the next ends.

import { describe, expect, it } from '@jest/globals'
import type { ToDrafts, WatchCounts } from '../../../server/services/convex/ChangePublisher.js'
import { Lag } from '../../../server/services/convex/Lag.js'
import { WatchTerm } from '../../../server/services/convex/WatchTerm.js'
import type { Term } from '../../../server/services/duties/Duties.js'
import type { IntegrationHost } from '../../../server/services/Integration.js'
import { SyncError } from '../../../shared/errors.js'
import type { KeyedDraft } from '../../../shared/message.js'
import { waitFor } from '../../support/waitFor.js'

const AWAY = new SyncError('unavailable', 'away')
const TTL_MS = 60_000

interface Item {
  readonly _id: string
  readonly n?: number
}

/** What outlives a node: the log, with its keys, and what was noted. */
class World {
  readonly log: unknown[] = []
  readonly faults: unknown[] = []
  readonly counts: WatchCounts = { published: 0, resyncs: 0, lost: 0 }
  notes: Record<string, string> = {}
  nowMs = 1_000_000
  /** Calls that are carried out from now on; what comes after never ends, as when a node dies. */
  callsLeft = Infinity
  fault: Error | undefined
  /** How often something was to be noted after the end of a term. */
  refused = 0
  readonly #keys = new Set<string>()
  #runs = 0
  #holder: WatchTerm | undefined
  #lag: Lag | undefined

  toDrafts: ToDrafts = ({ value, changes }) => [
    { type: 'changed', payload: changes ?? value, topics: ['items'] },
  ]

  /** A node takes the duty, and is sent this. The one before knows that. */
  begin(...items: Item[]): WatchTerm {
    this.#holder?.end()
    return this.takeOver(...items)
  }

  /** As `begin`, and the one before, asleep perhaps, has not heard of it. */
  takeOver(...items: Item[]): WatchTerm {
    this.callsLeft = Infinity
    const lag = new Lag(() => this.nowMs)
    const { counts, toDrafts } = this
    const parts = { term: this.#term(), host: this.#host(), lag, counts, toDrafts }
    const term = new WatchTerm({ ...parts, newRun: () => `run${++this.#runs}` })
    this.#holder = term
    this.#lag = lag
    this.send(...items)
    return term
  }

  send(...items: Item[]): void {
    this.#holder?.take({ value: items, json: items })
  }

  async settled(): Promise<void> {
    await waitFor('everything to be published', () => this.isIdle)
  }

  get isIdle(): boolean {
    return this.#lag?.lasting('publishing') === undefined
  }

  async #step(): Promise<void> {
    this.callsLeft -= 1
    if (this.callsLeft < 0) await new Promise(() => {})
  }

  #term(): Term {
    const isHolding = () => this.#held === term
    const term: Term = {
      recall: async () => ({ ...this.notes }),
      note: async (fields) => {
        await this.#step()
        if (!isHolding()) {
          this.refused += 1
          return false
        }
        this.notes = { ...this.notes, ...fields }
        await this.#step()
        return true
      },
    }
    this.#held = term
    return term
  }

  #held: Term | undefined

  #host(): IntegrationHost {
    const publishBatch = async (drafts: readonly KeyedDraft[]) => {
      if (this.fault !== undefined) throw this.fault
      await this.#step()
      for (const { idempotencyKey = '', payload } of drafts) {
        if (!this.#keys.has(idempotencyKey)) this.log.push(payload)
        this.#keys.add(idempotencyKey)
      }
      await this.#step()
      return []
    }
    const forceResync = async (audience: unknown) => {
      this.log.push({ resync: audience })
      return { cursor: '', recipients: 0 }
    }
    return {
      sync: { publishBatch, forceResync } as unknown as IntegrationHost['sync'],
      duties: undefined as never,
      idempotencyTtlMs: TTL_MS,
      maxPayloadBytes: 1000,
      onFault: (error) => this.faults.push(error),
      wallNow: () => this.nowMs,
      monotonicNow: () => this.nowMs,
      random: () => 0,
    }
  }
}

const RESYNC = { resync: { topics: ['items'] } }
const added = (...items: Item[]) => ({ added: items, changed: [], removed: [] })
const [a, b, c] = [{ _id: 'a' }, { _id: 'b' }, { _id: 'c' }]

describe('terms of a watch', () => {
  it('publish each change once, whichever term sees it', async () => {
    const world = new World()
    world.begin(a)
    await world.settled()
    world.send(a, b)
    await world.settled()
    world.begin(a, b)
    await world.settled()
    world.begin(a, b, c)
    await world.settled()
    expect(world.log).toEqual([RESYNC, added(b), added(c)])
    expect(world.faults).toEqual([])
  })

  it('publish a result again that comes back after another', async () => {
    const world = new World()
    world.begin(a)
    await world.settled()
    for (const items of [[a, b], [a], [a, b], [a]]) {
      world.send(...items)
      await world.settled()
    }
    const removed = { added: [], changed: [], removed: ['b'] }
    expect(world.log).toEqual([RESYNC, added(b), removed, added(b), removed])
  })

  // Each change takes six steps: what is noted, published and noted, begun and ended.
  it.each([0, 1, 2, 3, 4, 5, 6])(
    'publish it once where a node dies after step %i',
    async (steps) => {
      const world = new World()
      world.begin(a)
      await world.settled()
      world.callsLeft = steps
      world.send(a, b)
      await waitFor('the end of it', () => world.callsLeft < 0 || world.isIdle)
      // The next node sees what has changed since, too.
      world.begin(a, b, c)
      await world.settled()
      const together = [RESYNC, added(b, c)]
      expect(world.log).toEqual(steps === 0 ? together : [RESYNC, added(b), added(c)])
    },
  )

  it('publish nothing once they are over', async () => {
    const world = new World()
    const old = world.begin(a)
    await world.settled()
    world.begin(a)
    await world.settled()
    old.take({ value: [a, b], json: [a, b] })
    world.send(a, c)
    await world.settled()
    expect(world.log).toEqual([RESYNC, added(c)])
  })

  it('publish nothing once another has taken over, unseen', async () => {
    const world = new World()
    const old = world.begin(a)
    await world.settled()
    world.takeOver(a)
    await world.settled()
    old.take({ value: [a, b], json: [a, b] })
    await waitFor('it to be refused', () => world.refused === 1)
    old.take({ value: [a, b, c], json: [a, b, c] })
    world.send(a, c)
    await world.settled()
    expect(world.log).toEqual([RESYNC, added(c)])
    expect(world.refused).toBe(1)
    expect(world.faults).toEqual([])
  })

  it('publish what waited as one change, when the log can be reached again', async () => {
    const world = new World()
    world.begin(a)
    await world.settled()
    world.fault = AWAY
    world.send(a, b)
    await waitFor('it to be noted', () => world.notes.pending?.includes('"b"'))
    world.send(a)
    world.send(a, c)
    world.fault = undefined
    await world.settled()
    const next = { added: [c], changed: [], removed: ['b'] }
    expect(world.log).toEqual([RESYNC, added(b), next])
  })

  it('tell to resync where too much time has passed for a key', async () => {
    const world = new World()
    world.begin(a)
    await world.settled()
    world.callsLeft = 2
    world.send(a, b)
    await waitFor('the end of it', () => world.callsLeft < 0)
    world.nowMs += TTL_MS / 2
    world.begin(a, b)
    await world.settled()
    expect(world.log).toEqual([RESYNC, RESYNC])
  })

  it('tell to resync where what was noted can’t be read', async () => {
    const world = new World()
    world.begin(a)
    await world.settled()
    for (const notes of [
      {},
      { state: '{', pending: '{}' },
      { state: '[]', pending: '{"seq":0}' },
    ]) {
      world.notes = notes
      world.begin(a, b)
      await world.settled()
    }
    expect(world.log).toEqual([RESYNC, RESYNC, RESYNC, RESYNC])
  })

  it('go on after what can’t be published, and report it', async () => {
    const world = new World()
    world.begin(a)
    await world.settled()
    world.fault = new SyncError('invalid_message', 'payload: no')
    world.send(a, b)
    await world.settled()
    world.fault = undefined
    world.send(a, b, c)
    await world.settled()
    expect(world.log).toEqual([RESYNC, added(c)])
    expect(world.counts).toEqual({ published: 1, resyncs: 1, lost: 1 })
    expect(world.faults).toHaveLength(1)
  })
})
