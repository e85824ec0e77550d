import { describe, expect, it } from '@jest/globals'
import { RetryingPublisher } from '../../../server/services/convex/RetryingPublisher.js'
import { SyncError } from '../../../shared/errors.js'
import type { KeyedDraft, MessageDraft } from '../../../shared/message.js'
import { waitFor } from '../../support/waitFor.js'

const AWAY = new SyncError('unavailable', 'away')

/** A log that fails with this, where there is something; each key counts once, as in a broker. */
class World {
  readonly log: string[] = []
  readonly tries: string[] = []
  readonly faults: Error[] = []
  fault: Error | undefined
  /** Takes the message, and says that it has not. */
  isAnswerLost = false
  /** Says nothing at all. */
  isMute = false
  readonly payloads: unknown[] = []
  nowMs = 0
  readonly #keys = new Set<string>()
  #lastKey = 0
  readonly publisher: RetryingPublisher

  constructor(max = { publications: 10, bytes: 10_000 }) {
    this.publisher = new RetryingPublisher({
      publishBatch: (drafts) => this.#publish(drafts),
      newKey: () => `k${++this.#lastKey}`,
      maxAgeMs: 60_000,
      onFault: (error) => this.faults.push(error as Error),
      monotonicNow: () => this.nowMs,
      // Waits as briefly as it may.
      random: () => 0,
      max,
    })
  }

  async #publish(drafts: readonly KeyedDraft[]): Promise<void> {
    this.tries.push(...drafts.map(({ idempotencyKey = '' }) => idempotencyKey))
    if (this.isMute) await new Promise(() => {})
    if (this.fault !== undefined) throw this.fault
    for (const { type, payload, idempotencyKey = '' } of drafts) {
      if (!this.#keys.has(idempotencyKey)) {
        this.log.push(type)
        this.payloads.push(payload)
      }
      this.#keys.add(idempotencyKey)
    }
    if (this.isAnswerLost) throw AWAY
  }
}

describe('a retrying publisher', () => {
  it('publishes in order, and resolves when the log has it', async () => {
    const world = new World()
    await world.publisher.hand([{ type: 'a' }, { type: 'b' }])
    expect(world.log).toEqual(['a', 'b'])
    await world.publisher.hand([])
    expect(world.publisher.stats).toEqual({ waiting: 0, retries: 0, lost: 0 })
  })

  it('resolves at the first failure, and publishes once when it can, in order', async () => {
    const world = new World()
    world.fault = AWAY
    await world.publisher.hand([{ type: 'a' }])
    await world.publisher.hand([{ type: 'b' }])
    expect(world.publisher.stats).toMatchObject({ waiting: 2, lost: 0 })
    world.fault = undefined
    await waitFor('both', () => world.publisher.stats.waiting === 0)
    expect(world.log).toEqual(['a', 'b'])
    expect(new Set(world.tries)).toEqual(new Set(['k1', 'k2']))
    expect(world.faults).toEqual([])
  })

  it('publishes once where it was only the answer that was lost', async () => {
    const world = new World()
    world.isAnswerLost = true
    await world.publisher.hand([{ type: 'a' }])
    await waitFor('a few tries', () => world.tries.length > 2)
    world.isAnswerLost = false
    await waitFor('the end', () => world.publisher.stats.waiting === 0)
    expect(world.log).toEqual(['a'])
  })

  it('goes on without what can’t be published, and reports it', async () => {
    const world = new World()
    world.fault = new SyncError('invalid_message', 'type: must start with a letter')
    await world.publisher.hand([{ type: 'a' }])
    world.fault = undefined
    await world.publisher.hand([{ type: 'b' }])
    expect(world.log).toEqual(['b'])
    expect(world.publisher.stats).toMatchObject({ waiting: 0, lost: 1 })
    expect(world.faults).toMatchObject([
      {
        message: 'a message of type a was not published: it failed',
        cause: { code: 'invalid_message' },
      },
    ])
  })

  it('gives up before its key is forgotten, and reports it', async () => {
    const world = new World()
    world.fault = AWAY
    await world.publisher.hand([{ type: 'a' }])
    world.nowMs = 60_000
    await waitFor('the loss', () => world.publisher.stats.lost === 1)
    world.fault = undefined
    await world.publisher.hand([{ type: 'b' }])
    await waitFor('the next', () => world.log.length > 0)
    expect(world.log).toEqual(['b'])
  })

  it.each([
    ['many', { publications: 3, bytes: 10_000 }],
    ['large', { publications: 10, bytes: 3 * '[{"type":"a"}]'.length }],
  ])('holds no more than a few: too %s are lost, and reported', async (_, max) => {
    const world = new World(max)
    world.fault = AWAY
    for (const type of ['a', 'b', 'c', 'd', 'e']) await world.publisher.hand([{ type }])
    expect(world.publisher.stats).toMatchObject({ waiting: 3, lost: 2 })
    world.fault = undefined
    await waitFor('the rest', () => world.publisher.stats.waiting === 0)
    expect(world.log).toEqual(['a', 'b', 'c'])
    expect(world.faults).toHaveLength(2)
  })

  it.each<[string, MessageDraft]>([
    ['is no JSON', { type: 'a', payload: 7n }],
    ['goes to an undefined user', { type: 'a', userId: undefined as never }],
  ])('loses what %s, and reports it', async (_, draft) => {
    const world = new World()
    await world.publisher.hand([draft])
    expect(world.publisher.stats.lost).toBe(1)
    expect(world.tries).toEqual([])
    expect(world.faults).toMatchObject([{ cause: { code: 'invalid_message' } }])
  })

  it('publishes what was handed over, whatever becomes of it before the last try', async () => {
    const world = new World()
    world.fault = AWAY
    const order = { status: 'new' }
    await world.publisher.hand([{ type: 'a', payload: { order } }])
    order.status = 'changed by its owner'
    world.fault = undefined
    await waitFor('the message', () => world.publisher.stats.waiting === 0)
    expect(world.payloads).toEqual([{ order: { status: 'new' } }])
  })

  it('gives what waits a last moment when it stops, and reports the rest', async () => {
    const world = new World()
    world.fault = AWAY
    await world.publisher.hand([{ type: 'a' }])
    await world.publisher.stop()
    expect(world.publisher.stats).toMatchObject({ waiting: 0, lost: 1 })
    await world.publisher.hand([{ type: 'b' }])
    expect(world.publisher.stats.lost).toBe(2)
  })

  it('keeps nobody waiting who handed something over before it stopped', async () => {
    const world = new World()
    world.isMute = true
    const handed = [world.publisher.hand([{ type: 'a' }]), world.publisher.hand([{ type: 'b' }])]
    await world.publisher.stop()
    await Promise.all(handed)
    expect(world.publisher.stats).toMatchObject({ waiting: 0, lost: 2 })
  })
})
