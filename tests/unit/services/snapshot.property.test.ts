// A log that was kept in a file and loaded again, held against one that never stopped: whatever
// was published, expired, evicted or forgotten, and however long nobody ran, both read the same.

import { expect, it } from '@jest/globals'
import fc from 'fast-check'
import type { Publication } from '../../../server/brokers/Broker.js'
import type { MessageQueueService } from '../../../server/services/MessageQueueService.js'
import type { Reading } from '../../../server/services/Page.js'
import { lastOf, resume, resyncReason } from '../../../server/services/resume.js'
import { comparePositions, type Position, parseCursor, type Since } from '../../../shared/cursor.js'
import { inFolder, type LogBounds, LogProcess } from '../../support/LogProcess.js'

const KEYS = ['*', 'u:änn', 'r:"ops"\t', 't:news'] as const
const SOAK = process.env.SOAK === '1' ? 50 : 1
/** Each run waits for the disk a few times. */
const TIMEOUT_MS = 120_000 * SOAK
const TTL_MS = 100
const KEY_TTL_MS = 150

const audiences = fc.subarray([...KEYS], { minLength: 1 })
const appends = fc.record({
  kind: fc.constantFrom('append' as const),
  audience: audiences,
  isForced: fc.nat(9).map((dice) => dice === 0),
  payload: fc.oneof(
    fc.string({ unit: 'binary' }),
    fc.json({ maxDepth: 2 }),
    fc.constant('x'.repeat(300)),
  ),
  key: fc.option(fc.nat(5), { nil: undefined }),
})
const waits = fc.record({
  kind: fc.constantFrom('wait' as const),
  ms: fc.nat(60),
  /** The wall clock jumps while the process runs. */
  jumpMs: fc.oneof({ weight: 4, arbitrary: fc.constant(0) }, fc.integer({ min: -500, max: 500 })),
})
const steps = fc.array(
  fc.oneof({ weight: 5, arbitrary: appends }, { weight: 1, arbitrary: waits }),
  { maxLength: 60 },
)
const bounds = fc.record({
  maxMessagesPerAudience: fc.integer({ min: 1, max: 12 }),
  maxBytes: fc.constantFrom(3000, 6000, 1e9),
  maxMarks: fc.constantFrom(1, 2, 1000),
})
const reads = fc.record({
  keys: audiences,
  after: fc.nat(),
  froms: fc.array(fc.nat(), { minLength: 4, maxLength: 4 }),
  limit: fc.integer({ min: 1, max: 4 }),
  maxBytes: fc.constantFrom(1, 400, 1e6),
})
type Read = typeof reads extends fc.Arbitrary<infer Value> ? Value : never
type Step = typeof steps extends fc.Arbitrary<(infer Value)[]> ? Value : never

/** One history, as it goes for a process that lives through it. */
class History {
  readonly clock = { wallMs: 1_763_650_000_000, monotonicMs: 5000 }
  readonly #bounds: Partial<LogBounds>
  readonly #path: string | undefined
  /** Every position that was ever given out. */
  readonly positions: Position[] = []
  #messages = 0
  process: LogProcess

  constructor(bounds: Partial<LogBounds>, path?: string) {
    this.#bounds = { ...bounds, ttlMs: TTL_MS, idempotencyTtlMs: KEY_TTL_MS }
    this.#path = path
    this.process = this.#newProcess('first0')
  }

  async start(): Promise<this> {
    await this.process.start()
    if (this.positions.length === 0) this.positions.push(this.process.log.start)
    return this
  }

  /** Stops, and goes on in another process, whose clock says something else. */
  async restart(awayMs: number): Promise<void> {
    await this.process.broker.close()
    this.clock.wallMs += awayMs
    this.clock.monotonicMs = 7
    this.process = this.#newProcess('second')
    await this.start()
    expect(this.process.faults).toEqual([])
  }

  /** The same time goes by for one that doesn't stop. */
  wait(ms: number): void {
    this.clock.wallMs += ms
    this.clock.monotonicMs += ms
  }

  /** Returns what each step was answered. */
  async run(given: readonly Step[]): Promise<unknown[]> {
    const answers: unknown[] = []
    for (const step of given) {
      if (step.kind === 'wait') {
        this.wait(step.ms)
        this.clock.wallMs += step.jumpMs
      } else answers.push(await this.#append(step))
    }
    return answers
  }

  async #append({ audience, isForced, payload, key }: Extract<Step, { kind: 'append' }>) {
    const payloadJson = JSON.stringify(payload)
    this.#messages += 1
    const id = `m${this.#messages}`
    const item = isForced
      ? { kind: 'resync' as const, audience }
      : { kind: 'message' as const, id, type: 'test', payloadJson, audience }
    const publication: Publication = {
      items: [item],
      ...(key !== undefined && { idempotency: { key: `ann\n${key}`, fingerprint: 'f' } }),
    }
    const [receipt] = await this.process.broker.append([publication])
    this.positions.push(parseCursor(receipt!.cursor)!)
    return receipt
  }

  #newProcess(epoch: string): LogProcess {
    const { clock } = this
    const path = this.#path
    return new LogProcess({ clock, epoch, bounds: this.#bounds, ...(path && { path }) })
  }
}

const place = ({ ms, counter }: Position) => ({ ms, counter })

/** All that a reader can see of a log. */
function seen(log: MessageQueueService, read: Read, positions: readonly Position[]) {
  const at = (pick: number) => place(positions[pick % positions.length]!)
  const reading: Reading = new Map(read.keys.map((key, index) => [key, at(read.froms[index]!)]))
  const after = at(read.after)
  const page = log.read(reading, after, read)
  const { losses, isForced } = log.survey(reading, after)
  const sinces: Since[] = [
    { kind: 'cursor', cursor: { ...after, epoch: log.epoch } },
    { kind: 'timestamp', ms: after.ms },
    { kind: 'oldest' },
    { kind: 'now' },
  ]
  return {
    entries: page.entries,
    position: place(page.position),
    hasMore: page.hasMore,
    loss: lastOf(page.losses),
    starts: sinces.map((since) => {
      const start = resume(log, reading, since)
      return { ...start, reason: resyncReason(start, losses, isForced) }
    }),
    head: place(log.head),
    start: place(log.start),
    epoch: log.epoch,
  }
}

function sizeOf(log: MessageQueueService) {
  log.sweep(Number.POSITIVE_INFINITY)
  return log.size
}

it(
  'reads on as if it had never stopped, at every position, for every reader',
  async () => {
    const awayMs = fc.oneof(fc.nat(30), fc.nat(400))
    await fc.assert(
      fc.asyncProperty(
        bounds,
        steps,
        awayMs,
        steps,
        fc.array(reads, { minLength: 3 }),
        (...given) =>
          inFolder(async (folder) => {
            const [limits, before, away, after, wanted] = given
            const kept = await new History(limits, `${folder}/deep/log`).start()
            const steady = await new History(limits).start()
            await kept.run(before)
            await steady.run(before)
            await kept.restart(away)
            // Where memory for marks ends, it matters when something expires: stopping lets go of it.
            sizeOf(steady.process.log)
            steady.wait(away)
            const compare = () => {
              for (const read of wanted) {
                const expected = seen(steady.process.log, read, steady.positions)
                expect(seen(kept.process.log, read, kept.positions)).toEqual(expected)
              }
            }
            compare()
            expect(sizeOf(kept.process.log)).toEqual(sizeOf(steady.process.log))
            compare()
            expect(await kept.run(after)).toEqual(await steady.run(after))
            compare()
          }),
      ),
      { numRuns: 60 * SOAK },
    )
  },
  TIMEOUT_MS,
)

it(
  'gives out no position again and none below, wherever the wall clock stands then',
  async () => {
    const jumps = fc.constantFrom(-86_400_000, -3_600_000, -1, 0, 1, 3_600_000)
    await fc.assert(
      fc.asyncProperty(steps, jumps, steps, (before, jumpMs, after) =>
        inFolder(async (folder) => {
          const history = await new History({}, `${folder}/log`).start()
          await history.run(before)
          const { head } = history.process.log
          await history.restart(jumpMs)
          const { length } = history.positions
          expect(history.process.log.epoch).toBe('first0')
          const answers = await history.run(after)
          const fresh = history.positions
            .slice(length)
            .filter((_, index) => !(answers[index] as { isDuplicate: boolean }).isDuplicate)
          let last: Position = head
          for (const position of fresh) {
            expect(comparePositions(position, last)).toBeGreaterThan(0)
            last = position
          }
        }),
      ),
      { numRuns: 20 * SOAK },
    )
  },
  TIMEOUT_MS,
)
