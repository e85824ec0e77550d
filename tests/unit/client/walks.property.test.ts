// Random walks of the whole client through networks that fail, in virtual time.

import { expect, it, jest } from '@jest/globals'
import fc from 'fast-check'
import { ClientScene } from '../../support/client/ClientScene.js'
import type { Kind } from '../../support/client/FakeLine.js'
import { SendOutcomes } from './SendOutcomes.js'
import { WalkObserver } from './WalkObserver.js'
import {
  anyCommand,
  type Command,
  networkCommand,
  run,
  topicCommand,
  type Walk,
} from './walkCommands.js'

// They compute, on a machine that is busy with other tests.
jest.setTimeout(180_000)

const RUNS = Number(process.env.WALKS ?? 200)
/** What the network doesn't let through from the start. */
const BLOCKED = fc.constantFrom<Kind[]>([], ['websocket'], ['websocket', 'sse'])
const TEN_MINUTES = 600_000

async function setOut(seed: number, blocked: readonly Kind[]): Promise<Walk> {
  const scene = new ClientScene({ topics: ['a'] }, seed)
  for (const kind of blocked) scene.network.faults.set(kind, 'refuse')
  scene.server.publish({}, 'before')
  const observer = new WalkObserver(scene, ['a'])
  await scene.connect()
  await scene.advance(blocked.length * 1000)
  return { scene, observer, sends: new SendOutcomes(scene) }
}

/** All faults are lifted, and there is time to get over them. */
async function arrive({ scene, observer, sends }: Walk): Promise<void> {
  const { server, network, environment, manager } = scene
  network.faults.clear()
  network.latencyMs = 5
  server.isLagging = false
  server.sendFaults.splice(0)
  server.pump()
  environment.hide(false)
  await scene.advance(TEN_MINUTES)
  server.publish({ userId: 'u_1' }, 'after')
  await scene.advance(1000)
  expect(scene.transport).toBe('websocket')
  expect([...observer.finish(), ...sends.faults]).toEqual([])
  expect(manager.cursor).toBe(server.log.cursor)
  expect(mostWithin(network.lines, 60_000)).toBeLessThanOrEqual(44)
  manager.disconnect()
}

/** How many links were opened, at most, in a time as long as this. */
function mostWithin(lines: ClientScene['network']['lines'], ms: number): number {
  const times = lines.filter(({ kind }) => ['websocket', 'sse'].includes(kind))
  const counts = times.map(
    ({ openedAt }) =>
      times.filter((other) => other.openedAt >= openedAt && other.openedAt < openedAt + ms).length,
  )
  return Math.max(...counts)
}

function walk(command: fc.Arbitrary<Command>): Promise<void> {
  const commands = fc.array(command, { minLength: 1, maxLength: 80, size: 'max' })
  return fc.assert(
    fc.asyncProperty(commands, fc.nat(), BLOCKED, async (steps, seed, blocked) => {
      const walk = await setOut(seed, blocked)
      for (const step of steps) await run(step, walk)
      await arrive(walk)
    }),
    { numRuns: RUNS, ...(process.env.SEED && { seed: Number(process.env.SEED) }) },
  )
}

it('misses, repeats and reorders nothing, whatever the network does', () => walk(networkCommand))

it('gives each topic from its subscription on, whatever happens meanwhile', () =>
  walk(topicCommand))

it('tells of every loss, and of none that was not', () => walk(anyCommand))
