// What the page claims to have verified: exactly the faults that there were, and never one that
// there was not.

import { describe, expect, it } from '@jest/globals'
import fc from 'fast-check'
import { Proof } from '../../../client/dashboard/proof/Proof.js'
import { ProofWorld } from './ProofWorld.js'

const CLEAN = { missing: 0, repeated: 0, outOfOrder: 0, notReread: 0, pending: 0, awaited: 0 }

type Step = (world: ProofWorld) => void
const step = (run: Step) => fc.constant(run)
const harmless: readonly fc.Arbitrary<Step>[] = [
  fc.boolean().map((isMine) => (world) => world.publish(isMine)),
  step((world) => world.publish(true)),
  step((world) => world.next()),
  step((world) => world.next()),
  step((world) => world.catchUp()),
]
const faults: readonly fc.Arbitrary<Step>[] = [
  step((world) => world.next('drop')),
  step((world) => world.next('delay')),
  step((world) => world.release()),
  step((world) => world.evict()),
  fc.nat().map((seed) => (world) => world.repeat(seed)),
]

/** Steps between checks, and steps while a check is under way. */
const walkOf = (steps: readonly fc.Arbitrary<Step>[]) => {
  const some = (maxLength: number) => fc.array(fc.oneof(...steps), { maxLength })
  return fc.array(fc.record({ between: some(12), during: fc.array(some(4), { maxLength: 3 }) }), {
    minLength: 1,
    maxLength: 12,
  })
}
type Walk = readonly { readonly between: readonly Step[]; readonly during: readonly Step[][] }[]

async function run(walk: Walk): Promise<ProofWorld> {
  const world = new ProofWorld()
  for (const { between, during } of walk) {
    for (const each of between) each(world)
    for (const some of during) {
      world.meanwhile.push(() => {
        for (const each of some) each(world)
      })
    }
    await world.check()
  }
  world.meanwhile.splice(0)
  world.release()
  world.catchUp()
  // One that closes what a loss has ended, and one for what came after it.
  await world.check()
  await world.check()
  return world
}

it('says that parts of the log were gone before it could look, and no more of them', async () => {
  const world = new ProofWorld()
  for (let count = 0; count < 4; count += 1) world.publish(true)
  world.next()
  await world.check()
  world.publish(true)
  world.catchUp()
  world.evict()
  world.evict()
  await world.check()
  expect(world.proof.getSnapshot()).toMatchObject({ gaps: 0, missing: 0 })
  for (let count = 0; count < 6; count += 1) world.publish(true)
  world.catchUp()
  for (let count = 0; count < 4; count += 1) world.evict()
  await world.check()
  const { gaps, missing, notReread } = world.proof.getSnapshot()
  expect({ gaps: gaps > 0, missing, notReread: notReread > 0 }).toEqual({
    gaps: true,
    missing: 0,
    notReread: true,
  })
})

describe('over random walks', () => {
  it('reports exactly the faults that were planted', async () => {
    await fc.assert(
      fc.asyncProperty(walkOf([...harmless, ...faults]), async (walk) => {
        const world = await run(walk)
        const { faults: _faults, gaps: _gaps, ...counts } = world.proof.getSnapshot()
        expect(counts).toEqual(world.expected())
      }),
      { numRuns: 1000 },
    )
  })

  it('finds no fault where there is none, at any time, and verifies everything in the end', async () => {
    await fc.assert(
      fc.asyncProperty(walkOf(harmless), async (walk) => {
        const world = await run(walk)
        expect(world.proof.getSnapshot()).toMatchObject({ ...world.expected(), ...CLEAN })
      }),
      { numRuns: 1000 },
    )
  })
})

/** Messages that arrived live, one by one. */
function live(...ids: readonly string[]): Proof {
  const proof = new Proof('0')
  for (const id of ids) proof.arrived(id)
  return proof
}

it('takes nothing for missing that has not arrived yet, before the connection has passed it', () => {
  const proof = live('a')
  proof.reread(['a', 'b', 'c'], 'x')
  expect(proof.getSnapshot()).toMatchObject({ verified: 1, missing: 0, awaited: 2 })
  proof.passed(['b'])
  proof.arrived('c')
  expect(proof.getSnapshot()).toMatchObject({ verified: 2, missing: 1, awaited: 0 })
  expect(proof.getSnapshot().faults).toEqual([{ kind: 'missing', id: 'b' }])
})

it('calls late, not missing, what comes after all', () => {
  const proof = live('b')
  proof.reread(['a', 'b'], 'x')
  proof.passed(['a'])
  proof.arrived('a')
  const faults = [{ kind: 'outOfOrder', id: 'a' }]
  expect(proof.getSnapshot()).toMatchObject({ verified: 1, missing: 0, outOfOrder: 1, faults })
})

it('does not judge the order of what a new topic catches up with', () => {
  const proof = live('b')
  proof.arrived('a', false)
  proof.reread(['a', 'b'], 'x')
  expect(proof.getSnapshot()).toMatchObject({ verified: 2, outOfOrder: 0 })
})

it('counts what the log let go of as not read again, not as verified', () => {
  const proof = live('a', 'b', 'c')
  const before = proof.arrivals
  proof.arrived('d')
  proof.reread(['c'], 'x')
  proof.readToEnd(before)
  expect(proof.getSnapshot()).toMatchObject({ verified: 1, notReread: 2, pending: 1 })
})

it('begins anew behind a loss that was told, and misses nothing of it', () => {
  const proof = live('a')
  proof.reread(['a', 'b'], 'x')
  proof.told()
  const from = proof.arrivals
  proof.arrived('d')
  proof.beginAnew('y', from)
  expect(proof.anchor).toBe('y')
  proof.reread(['d'], 'z')
  proof.passed(['b'])
  expect(proof.getSnapshot()).toMatchObject({ ...CLEAN, verified: 2, resyncs: 1 })
})

it('counts no message twice that two beginnings read', () => {
  const proof = live('a', 'b')
  proof.reread(['a', 'b'], 'x')
  proof.beginAnew('0', 0)
  proof.reread(['a', 'b'], 'x')
  expect(proof.getSnapshot()).toMatchObject({ ...CLEAN, verified: 2 })
})

it('stays bounded, and knows a repeat within the last 10,000', () => {
  const proof = new Proof('0')
  for (let index = 0; index < 50_000; index += 1) proof.arrived(`m${index}`)
  expect(proof.getSnapshot()).toMatchObject({ pending: 10_000, notReread: 40_000 })
  proof.arrived('m40000')
  expect(proof.getSnapshot()).toMatchObject({ repeated: 1 })
})

it('gives the same snapshot until something changes', () => {
  const proof = live('a')
  expect(proof.getSnapshot()).toBe(proof.getSnapshot())
  const before = proof.getSnapshot()
  proof.arrived('b')
  expect(proof.getSnapshot()).not.toBe(before)
})
