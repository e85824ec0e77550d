// A fan-out over very many connections takes several turns of the event loop. Whatever happens in
// between, each connection gets what it would have got in one.

import { describe, expect, it } from '@jest/globals'
import fc from 'fast-check'
import type { Batch } from '../../../server/delivery/Batch.js'
import type { Position } from '../../../shared/cursor.js'
import { at } from '../../support/entries.js'
import { endOfTurn, type MemoryConnection, PlainConnection, Stage } from './MemoryConnection.js'

const CROWD = 100
const MS_EACH = 0.25

/** Connections that read `*` and take their time; returns them. */
function crowd(stage: Stage, size = CROWD): PlainConnection[] {
  return Array.from({ length: size }, () => {
    const connection = new PlainConnection(['*'])
    const deliver = connection.deliver.bind(connection)
    connection.deliver = (batch: Batch, upTo: Position) => {
      stage.fanOutClock.ms += MS_EACH
      deliver(batch, upTo)
      connection.position = upTo
    }
    stage.hub.add(connection)
    return connection
  })
}

const servedOf = (connections: readonly PlainConnection[]) =>
  connections.filter(({ batches }) => batches.length > 0).length

async function untilServed(connections: readonly PlainConnection[], batches = 1): Promise<number> {
  for (let turns = 0; ; turns += 1) {
    if (connections.every((connection) => connection.batches.length === batches)) return turns
    if (turns > 100) throw new Error('not all were served')
    await endOfTurn()
  }
}

describe('a fan-out that takes long', () => {
  it('lets the event loop turn in between, and serves everybody once', async () => {
    const stage = new Stage()
    const connections = crowd(stage)
    stage.append(1001)
    await endOfTurn()
    const served = servedOf(connections)
    expect(served).toBeGreaterThan(0)
    expect(served).toBeLessThan(CROWD / 2)
    expect(await untilServed(connections)).toBeGreaterThanOrEqual(2)
    await endOfTurn()
    expect(connections.every(({ batches }) => batches.length === 1)).toBe(true)
  })

  it('is over before the next begins, which holds all that came meanwhile', async () => {
    const stage = new Stage()
    const connections = crowd(stage)
    stage.append(1001)
    await endOfTurn()
    stage.append(1002)
    await endOfTurn()
    stage.append(1003)
    await untilServed(connections, 2)
    const texts = connections.map((connection) => connection.texts.join('').match(/m\d+-0/g))
    expect(new Set(texts.map(String))).toEqual(new Set(['m1001-0,m1002-0,m1003-0']))
  })

  it('does not tell a position that has yet to be served', async () => {
    const stage = new Stage()
    crowd(stage)
    const last = stage.open()
    stage.append(1001)
    await endOfTurn()
    last.beat()
    expect(last.frames.at(-1)).toMatchObject({
      op: 'heartbeat',
      cursor: stage.log.cursorAt(at(1000)),
    })
    stage.hub.flush()
    last.beat()
    expect(last.told).toEqual(['connected', 'heartbeat', 'm1001-0', 'heartbeat'])
    expect(last.frames.at(-1)).toMatchObject({ cursor: stage.log.cursorAt(at(1001)) })
  })

  it('gives nothing to who has left meanwhile', async () => {
    const stage = new Stage()
    const connections = crowd(stage)
    const leaver = new PlainConnection(['*'])
    stage.hub.add(leaver)
    stage.append(1001)
    await endOfTurn()
    stage.hub.remove(leaver)
    await untilServed(connections)
    expect(leaver.batches).toEqual([])
  })

  it('gives nothing of a topic that was dropped meanwhile', async () => {
    const stage = new Stage()
    const connections = crowd(stage)
    const reader = stage.open(['*', 't:a'])
    stage.append(1001)
    stage.append(1002, ['t:a'])
    await endOfTurn()
    reader.removeAudiences(['t:a'])
    expect(reader.told).toEqual(['connected', 'm1001-0'])
    await untilServed(connections)
    expect(reader.told).toEqual(['connected', 'm1001-0'])
  })

  it('is finished by who appends more than goes out', async () => {
    const stage = new Stage()
    const connections = crowd(stage)
    for (let ms = 1001; ms <= 1500; ms += 1) stage.append(ms)
    expect(servedOf(connections)).toBeLessThan(CROWD)
    for (let ms = 1501; ms <= 2000; ms += 1) stage.append(ms)
    expect(servedOf(connections)).toBe(CROWD)
  })

  it('drops one that throws, and serves the others', async () => {
    const stage = new Stage()
    const connections = crowd(stage)
    const [bad] = connections.splice(50, 1)
    bad!.deliver = () => {
      throw new Error('of its own')
    }
    stage.append(1001)
    await untilServed(connections)
    expect(bad!.calls).toEqual(['destroy'])
    expect(stage.hub.size).toBe(CROWD - 1)
  })
})

const steps = fc.array(
  fc.oneof(
    {
      weight: 4,
      arbitrary: fc.subarray(['*', 't:b'], { minLength: 1 }).map((append) => ({ append })),
    },
    {
      weight: 6,
      arbitrary: fc
        .constantFrom('turn', 'fill', 'room', 'beat', 'add', 'drop')
        .map((act) => ({ act })),
    },
  ),
  { maxLength: 60 },
)

class Play {
  readonly stage = new Stage()
  readonly reader: MemoryConnection
  /** What the reader is owed: all for `*`, and of `t:b` what came while it read that. */
  readonly owed: string[] = []
  #ms = 1000
  #reads = false
  /** Of `t:b` alone, appended and perhaps not handed out when it was dropped. */
  #doubtful = new Set<string>()
  readonly excused = new Set<string>()

  constructor() {
    crowd(this.stage, 40)
    this.reader = this.stage.open(['*'])
    crowd(this.stage, 40)
  }

  append(audience: readonly string[]): void {
    this.#ms += 1
    this.stage.append(this.#ms, audience)
    const id = `m${this.#ms}-0`
    if (audience.includes('*') || this.#reads) this.owed.push(id)
    if (!audience.includes('*') && this.#reads) this.#doubtful.add(id)
  }

  async act(act: string): Promise<void> {
    const { reader } = this
    if (act === 'turn') await endOfTurn()
    if (act === 'beat') reader.beat()
    if (act === 'fill') reader.hasRoom = () => false
    if (act === 'room') {
      reader.hasRoom = () => true
      if (reader.isBlocked) reader.roomAgain()
    }
    // One that lags begins where it stands.
    if (act === 'add' && reader.isLive) {
      reader.addAudiences(['t:b'])
      this.#reads = true
    }
    if (act === 'drop') this.#drop()
  }

  /** What it has by now it keeps, and nothing more of it comes. */
  #drop(): void {
    this.reader.removeAudiences(['t:b'])
    this.#reads = false
    const told = new Set(this.reader.told)
    for (const id of this.#doubtful) if (!told.has(id)) this.excused.add(id)
    this.#doubtful.clear()
  }
}

describe('between two slices', () => {
  it('anything may happen: each message comes once, in order, and none of a dropped topic', async () => {
    await fc.assert(
      fc.asyncProperty(steps, async (script) => {
        const play = new Play()
        for (const step of script) {
          if ('append' in step) play.append(step.append)
          else await play.act(step.act)
        }
        play.stage.hub.flush()
        await play.act('room')
        const ids = play.reader.told.filter((op) => op.startsWith('m'))
        expect(ids).toEqual(play.owed.filter((id) => !play.excused.has(id)))
        expect(play.stage.faults).toEqual([])
      }),
      { numRuns: 300 },
    )
  })
})
