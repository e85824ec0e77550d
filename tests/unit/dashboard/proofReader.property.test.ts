// The proof beside the real client, over networks that fail, in virtual time: what the client keeps
// of its promise must never be called a fault.

import { expect, it } from '@jest/globals'
import fc from 'fast-check'
import type { ConnectionManager } from '../../../client/connection/index.js'
import type { Page } from '../../../client/dashboard/page/api.js'
import { ProofReader } from '../../../client/dashboard/proof/ProofReader.js'
import type { Message } from '../../../shared/message.js'
import { ClientScene } from '../../support/client/ClientScene.js'
import { SendOutcomes } from '../client/SendOutcomes.js'
import { WalkObserver } from '../client/WalkObserver.js'
import {
  anyCommand,
  type Command,
  networkCommand,
  run,
  topicCommand,
} from '../client/walkCommands.js'

const RUNS = Number(process.env.WALKS ?? 100)
const LATENCIES_MS = [0, 3, 40, 700]
const FAULTLESS = { missing: 0, repeated: 0, outOfOrder: 0, faults: [] }

/** The log read again, beside the network that the client has to make do with. */
const apiOf = ({ server, environment }: ClientScene) => ({
  poll: (since: string, topics: readonly string[]) =>
    new Promise<Page>((resolve, reject) => {
      const latencyMs = () => LATENCIES_MS[Math.floor(environment.random() * 4)] ?? 0
      environment.after(latencyMs(), () => {
        const query = new URLSearchParams({ since, topics: topics.join() })
        server.polls.ask(query, 'u_1', ({ status, body }) => {
          const settle = () => (status === 200 ? resolve(body as Page) : reject(body))
          environment.after(latencyMs(), settle)
        })
      })
    }),
})

async function walk(steps: readonly Command[], seed: number) {
  const scene = new ClientScene({ topics: ['a'], since: '0' }, seed)
  const { environment, server, network, manager } = scene
  const reader = new ProofReader(manager, apiOf(scene), environment)
  const stop = reader.start()
  const observer = new WalkObserver(scene, ['a'])
  server.publish({}, 'before')
  await scene.connect()
  for (const step of steps) {
    await run(step, { scene, observer, sends: new SendOutcomes(scene) })
    expect(reader.getSnapshot()).toMatchObject(FAULTLESS)
  }
  network.faults.clear()
  network.latencyMs = 5
  server.sendFaults.splice(0)
  server.isLagging = false
  server.pump()
  environment.hide(false)
  await scene.advance(600_000)
  server.publish({ userId: 'u_1' }, 'after')
  await scene.advance(30_000)
  stop()
  manager.disconnect()
  return { state: reader.getSnapshot(), told: scene.told }
}

const walks = (
  command: fc.Arbitrary<Command>,
  check: (result: Awaited<ReturnType<typeof walk>>) => void,
) =>
  fc.assert(
    fc.asyncProperty(
      fc.array(command, { minLength: 1, maxLength: 60, size: 'max' }),
      fc.nat(),
      async (steps, seed) => check(await walk(steps, seed)),
    ),
    {
      numRuns: RUNS,
      interruptAfterTimeLimit: 25_000,
      ...(process.env.SEED && { seed: Number(process.env.SEED) }),
    },
  )

it('verifies everything, whatever the network does', () =>
  walks(networkCommand, ({ state, told }) => {
    const counts = { ...FAULTLESS, notReread: 0, pending: 0, awaited: 0, resyncs: 0 }
    expect(state).toMatchObject({ ...counts, verified: told.length })
  }))

it('finds no fault where topics come and go', () =>
  walks(topicCommand, ({ state, told }) => {
    expect(state).toMatchObject({ ...FAULTLESS, pending: 0, awaited: 0, resyncs: 0 })
    expect(state.verified + state.notReread).toBe(told.length)
  }))

it('finds no fault where losses are told, and counts them', () =>
  walks(anyCommand, ({ state, told }) => {
    const messages = told.filter(({ kind }) => kind === 'message').length
    expect(state).toMatchObject({ ...FAULTLESS, pending: 0, awaited: 0 })
    expect(state.resyncs).toBe(told.length - messages)
    expect(state.verified + state.notReread).toBe(messages)
  }))

/** The client's messages, as a client would give them that breaks its promise. */
async function verifyThrough(fault: (all: readonly Message[]) => readonly Message[]) {
  const scene = new ClientScene({ since: '0' })
  const handlers: ((message: Message) => void)[] = []
  const onMessage = (handler: (message: Message) => void) => {
    handlers.push(handler)
    return () => {}
  }
  const faulty: ConnectionManager = Object.create(scene.manager, {
    onMessage: { value: onMessage },
  })
  const reader = new ProofReader(faulty, apiOf(scene), scene.environment)
  const stop = reader.start()
  await scene.connect()
  for (let count = 0; count < 20; count += 1) scene.server.publish({}, count)
  await scene.advance(50)
  const all = scene.told.flatMap((each) => (each.kind === 'message' ? [each.message] : []))
  for (const message of fault(all)) for (const handle of handlers) handle(message)
  await scene.advance(60_000)
  stop()
  scene.manager.disconnect()
  return reader.getSnapshot()
}

it('notices what a faulty client loses or repeats, the last message too', async () => {
  const lost = await verifyThrough((all) => all.filter((_, index) => index !== 7 && index !== 19))
  expect(lost).toMatchObject({ verified: 18, missing: 2, repeated: 0, pending: 0, awaited: 0 })
  const repeated = await verifyThrough((all) => [...all, ...all.slice(3, 5)])
  expect(repeated).toMatchObject({ verified: 20, missing: 0, repeated: 2, pending: 0, awaited: 0 })
})
