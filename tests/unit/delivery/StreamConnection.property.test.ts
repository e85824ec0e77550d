// Invariants of a streaming connection, whatever its medium does: every message for it comes
// exactly once and in order, catch-up before its answer, and each cursor it is told is its own
// position: everything for it up to there was written before, nothing beyond.

import { describe, expect, it } from '@jest/globals'
import fc from 'fast-check'
import { parseSince } from '../../../shared/cursor.js'
import { cursorOf, type MemoryConnection, Stage } from './MemoryConnection.js'

const steps = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({
      do: fc.constantFrom('append' as const),
      audience: fc.subarray(['*', 't:a', 't:b'], { minLength: 1 }),
    }),
  },
  {
    weight: 5,
    arbitrary: fc.record({
      do: fc.constantFrom('flush' as const, 'fill' as const, 'room' as const, 'beat' as const),
    }),
  },
)
type Step = typeof steps extends fc.Arbitrary<infer Value> ? Value : never

class Play {
  readonly stage = new Stage()
  readonly sent: { ms: number; audience: readonly string[] }[] = []
  #ms = 1000

  run(connection: MemoryConnection, script: readonly Step[]): void {
    for (const step of script) {
      switch (step.do) {
        case 'append':
          this.#ms += 1
          this.sent.push({ ms: this.#ms, audience: step.audience })
          this.stage.append(this.#ms, step.audience)
          break
        case 'flush':
          this.stage.hub.flush()
          break
        case 'fill':
          connection.hasRoom = () => false
          break
        case 'room':
          connection.hasRoom = () => true
          if (connection.isBlocked) connection.roomAgain()
          break
        case 'beat':
          connection.beat()
      }
    }
  }

  settle(connection: MemoryConnection): void {
    this.run(connection, [{ do: 'flush' }, { do: 'room' }, { do: 'beat' }])
  }

  /** The ids of what was sent to these audiences after a point. */
  idsFor(keys: readonly string[], afterMs: number): string[] {
    return this.sent
      .filter(({ ms, audience }) => ms > afterMs && audience.some((key) => keys.includes(key)))
      .map(({ ms }) => `m${ms}-0`)
  }
}

function checkCursors(play: Play, connection: MemoryConnection, keys: readonly string[]): void {
  const seen: string[] = []
  for (const { op, message, cursor } of connection.frames) {
    if (op === 'message') seen.push(message.id)
    if (op !== 'heartbeat') continue
    const upTo = Number(String(cursor).split('-')[0])
    const owed = play.idsFor(keys, 1000).filter((id) => Number(id.slice(1, -2)) <= upTo)
    expect(seen).toEqual(owed)
  }
}

describe('a streaming connection', () => {
  it('gets each message once and in order, and hears of its own position only', () => {
    const script = fc.array(steps, { maxLength: 60 })
    fc.assert(
      fc.property(script, script, (missed, live) => {
        const play = new Play()
        const bystander = play.stage.open()
        play.run(bystander, missed)
        const connection = play.stage.open(['*', 't:a'], { since: cursorOf(1000) })
        play.run(connection, live)
        play.settle(connection)
        const ids = connection.frames
          .filter(({ op }) => op === 'message')
          .map(({ message }) => message.id)
        expect(ids).toEqual(play.idsFor(['*', 't:a'], 1000))
        checkCursors(play, connection, ['*', 't:a'])
        expect(connection.isLive).toBe(true)
      }),
      { numRuns: 300 },
    )
  })

  it('that adds a topic in mid-stream gets what that holds exactly once, too', () => {
    const script = fc.array(steps, { maxLength: 40 })
    fc.assert(
      fc.property(script, script, fc.nat(30), (before, after, back) => {
        const play = new Play()
        const connection = play.stage.open(['*'], { since: 'now' })
        play.run(connection, before)
        const sinceMs = 1000 + (back % (play.sent.length + 1))
        const since = parseSince(cursorOf(sinceMs))!
        connection.addAudiencesSince(['t:b'], since, (cursor) => connection.say('ok', { cursor }))
        play.run(connection, after)
        play.settle(connection)

        const { frames } = connection
        const answerAt = frames.findIndex(({ op }) => op === 'ok')
        const catchups = frames.filter(({ catchup }) => catchup)
        expect(answerAt).toBeGreaterThan(0)
        expect(frames.slice(answerAt).some(({ catchup }) => catchup)).toBe(false)
        const idsOf = (some: typeof frames) => some.map(({ message }) => message.id)
        const messages = frames.filter(({ op }) => op === 'message')
        const owed = [...play.idsFor(['*'], 1000), ...play.idsFor(['t:b'], sinceMs)]
        expect(idsOf(messages).sort()).toEqual([...new Set(owed)].sort())
        const places = (some: typeof frames) => some.map(({ message }) => message.timestamp)
        const rising = (numbers: number[]) => [...numbers].sort((a, b) => a - b)
        expect(places(catchups)).toEqual(rising(places(catchups)))
        const inStream = messages.filter(({ catchup }) => !catchup)
        expect(places(inStream)).toEqual(rising(places(inStream)))
      }),
      { numRuns: 300 },
    )
  })
})
