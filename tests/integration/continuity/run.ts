// Runs a walk on a real server: readers, publishers and the world, all at once, and then each
// reader once more to the head, so that nothing is owed at the end.

import { setTimeout as delay } from 'node:timers/promises'
import { clogMedia } from './cloggedMedium.js'
import { readToEnd, runPoll } from './polls.js'
import { runPublisher } from './publishers.js'
import { Reader } from './Reader.js'
import type { Violation } from './session.js'
import { runStream } from './streams.js'
import { World } from './World.js'
import { type ReadStep, TOPICS, type Walk, type WorldStep } from './walk.js'

interface RunOptions {
  /** The identity of the log at its n-th start. */
  readonly epochOf?: (start: number) => string
  readonly compression?: boolean
}

/** Runs a walk and says what was wrong. */
export async function run(
  walk: Walk,
  { epochOf = (start) => `epoch${start}`, compression = false }: RunOptions = {},
): Promise<Violation[]> {
  const world = await World.start({ limits: walk.limits, epochOf, compression })
  const restore = walk.clogsOneIn > 0 ? clogMedia(walk.clogsOneIn, walk.seed) : () => {}
  try {
    const readers = walk.readers.map(({ facts }, i) => new Reader(world, `reader ${i}`, facts))
    await Promise.all([
      ...readers.map((reader, i) => runReader(reader, walk.readers[i]!.steps)),
      ...walk.publishers.map((steps, i) => runPublisher(world, `key ${i}`, steps)),
      runWorld(world, walk.world),
    ])
    for (const reader of readers) await readToEnd(reader, TOPICS)
    if (world.faults.length > 0) throw new Error(world.faults.join(''))
    return [...world.publications.check(), ...world.violations]
  } finally {
    restore()
    await world.close()
  }
}

async function runReader(reader: Reader, steps: readonly ReadStep[]): Promise<void> {
  for (const step of steps) {
    await delay(step.pauseMs)
    if ('acts' in step) await runStream(reader, step)
    else await runPoll(reader, step)
  }
}

async function runWorld(world: World, steps: readonly WorldStep[]): Promise<void> {
  for (const { kind, ms, pauseMs } of steps) {
    await delay(pauseMs)
    if (kind === 'restarts') await world.restart()
    else if (kind === 'jumps') world.wallMs += ms
    else world.ageMs += Math.abs(ms) % 1001
  }
}
