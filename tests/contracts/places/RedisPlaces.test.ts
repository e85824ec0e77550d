import { setTimeout as delay } from 'node:timers/promises'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals'
import type { Release } from '../../../server/security/ConnectionLimits.js'
import { digestOf } from '../../../server/security/digest.js'
import { RedisPlaces } from '../../../server/security/RedisPlaces.js'
import { freshPrefix, RedisNode } from '../../support/RedisNode.js'
import { RedisServer } from '../../support/RedisServer.js'
import { contentsOf } from '../../support/redisContents.js'
import { TcpLink } from '../../support/TcpLink.js'
import { waitFor } from '../../support/waitFor.js'
import {
  admissionContract,
  admissionOf,
  freedPlace,
  placeOf,
  placesOf,
} from './admissionContract.js'

const CAPS = { maxPerUser: 3, maxPerAddress: 5 }
const PULSE = { everyMs: 50, believedMs: 400 }

let server: RedisServer
let prefix = ''
let parts: { readonly node: RedisNode; readonly places: RedisPlaces }[] = []
beforeAll(async () => {
  server = await RedisServer.start()
})
afterEach(() => {
  for (const { node, places } of parts) {
    places.stop()
    node.close()
  }
  parts = []
})
afterAll(() => server.stop())

async function nodeOf(caps = CAPS, url = server.url) {
  const node = await RedisNode.connect(url, prefix)
  const clock = { aheadMs: 0 }
  const monotonicNow = () => performance.now() + clock.aheadMs
  const places = new RedisPlaces({ ...node, ...caps, monotonicNow, pulse: PULSE })
  places.start()
  parts.push({ node, places })
  return { node, places, clock, admission: admissionOf(caps, places).admission }
}

async function bothNodes(caps = CAPS) {
  prefix = freshPrefix()
  return Promise.all([nodeOf(caps), nodeOf(caps)])
}

admissionContract('two nodes', async (caps) => {
  const [here, there] = await bothNodes(caps)
  return [here.admission, there.admission]
})

const keysOf = async () => (await server.command('KEYS', `{${prefix}}*`)) as string[]

describe('the places of all nodes', () => {
  it('of an address are as many as its cap', async () => {
    const [here, there] = await bothNodes()
    const asked = Array.from({ length: 20 }, (_, index) =>
      placeOf([here, there][index % 2]!.admission, `u${index}`),
    )
    expect(await placesOf(asked)).toHaveLength(5)
    expect(await placeOf(here.admission, 'u', 'b')).toBeDefined()
  })

  it('are free again when a node has vanished with them', async () => {
    const [here, there] = await bothNodes()
    expect(await placesOf([1, 2, 3].map(() => placeOf(here.admission)))).toHaveLength(3)
    expect(await placeOf(there.admission)).toBeUndefined()
    here.node.close()
    await freedPlace(there.admission)
    expect(await placesOf([1, 2, 3].map(() => placeOf(there.admission)))).toHaveLength(2)
  })

  it('are free at once when a node has stopped', async () => {
    const [here, there] = await bothNodes()
    expect(await placesOf([1, 2, 3].map(() => placeOf(here.admission)))).toHaveLength(3)
    here.places.stop()
    await waitFor('the node to be forgotten', async () => {
      return (await server.command('ZCARD', `{${prefix}}:places`)) === 1
    })
    expect(await placeOf(there.admission)).toBeDefined()
  })

  it('stay counted where Redis was emptied, and where a node tells its own anew', async () => {
    const [here, there] = await bothNodes()
    const places = await placesOf([1, 2, 3].map(() => placeOf(here.admission)))
    await server.command('FLUSHALL')
    await waitFor('them to be told anew', async () => (await keysOf()).length === 3)
    expect(await placeOf(there.admission)).toBeUndefined()
    const before = await server.command('ZRANGE', `{${prefix}}:places`, 0, -1)
    here.clock.aheadMs += 6 * 60_000
    await waitFor('a new name', async () => {
      const names = await server.command('ZRANGE', `{${prefix}}:places`, 0, -1)
      return (names as string[]).length === 2 && String(names) !== String(before)
    })
    expect(await placeOf(there.admission)).toBeUndefined()
    for (const place of places) place()
    await freedPlace(there.admission)
    expect(await placesOf([1, 2, 3].map(() => placeOf(there.admission)))).toHaveLength(2)
  })

  it('have their time in Redis, and no names', async () => {
    const [here] = await bothNodes()
    const place = await placeOf(here.admission, 'secret-name', '203.0.113.7')
    const keys = await keysOf()
    expect(keys).toHaveLength(3)
    expect(String(keys)).not.toMatch(/secret|203\.0/)
    for (const key of keys) expect(Number(await server.command('PTTL', key))).toBeGreaterThan(0)
    place!()
    await waitFor('it to be given back', async () => (await keysOf()).length === 1)
  })

  it('are counted right by many who come and go while the nodes tell theirs anew', async () => {
    const [here, there] = await bothNodes({ maxPerUser: 20, maxPerAddress: 1000 })
    const come = async (index: number) => {
      const { admission, clock } = [here, there][index % 2]!
      for (let round = 0; round < 20; round += 1) {
        if (round % 5 === 0) clock.aheadMs += 6 * 60_000
        const place = await placeOf(admission, 'ann', 'a')
        await new Promise((resolve) => setTimeout(resolve, 5))
        place?.()
      }
    }
    await Promise.all(Array.from({ length: 10 }, (_, index) => come(index)))
    await waitFor('all to be given back', async () => (await keysOf()).length === 1)
    const asked = Array.from({ length: 40 }, (_, index) =>
      placeOf([here, there][index % 2]!.admission),
    )
    expect(await placesOf(asked)).toHaveLength(20)
  })
})

describe('what is on its way while a node tells its places anew', () => {
  const caps = { maxPerUser: 1000, maxPerAddress: 1000 }
  let link: TcpLink
  let here: Awaited<ReturnType<typeof nodeOf>>
  let kept: Release[]
  beforeEach(async () => {
    prefix = freshPrefix()
    link = await TcpLink.start(server.port)
    here = await nodeOf(caps, `redis://127.0.0.1:${link.port}`)
    kept = await placesOf(Array.from({ length: 40 }, () => placeOf(here.admission)))
    link.set({ delayMs: 40 })
  })
  afterEach(async () => {
    for (const place of kept) place()
    await waitFor('all to be given back', async () => (await countOf('ann')) === 0)
    await link.close()
  })

  const countOf = async (user: string): Promise<number> => {
    const held = await contentsOf(server, `{${prefix}}:places:user:${digestOf(user)}`)
    const fields = held.flatMap(({ text }) => JSON.parse(text) as string[])
    return fields.reduce((sum, field, index) => (index % 2 ? sum + Number(field) : sum), 0)
  }
  /** Redis knows all scripts again but the one that is about to be used. */
  const forgetScripts = async () => {
    await server.command('SCRIPT', 'FLUSH')
    const there = await nodeOf(caps)
    const place = await placeOf(there.admission, 'bob', 'b')
    place!()
    await waitFor('the other to leave', async () => (await countOf('bob')) === 0)
  }
  const comes = async () => {
    kept.push(...(await placesOf([placeOf(here.admission)])))
  }

  it.each([
    ['who comes', true, false, false],
    ['who goes', false, true, false],
    ['who comes and who goes', true, true, false],
    ['who comes, where scripts are sent again', true, false, true],
    ['who goes, where scripts are sent again', false, true, true],
  ])('is counted once: %s', async (_what, isComing, isGoing, isForgotten) => {
    if (isForgotten) await forgetScripts()
    here.clock.aheadMs += 6 * 60_000
    const coming: Promise<void>[] = []
    for (let n = 0; n < 40; n += 1) {
      if (isComing) coming.push(comes())
      if (isGoing && n % 2 === 0) kept.shift()?.()
      await delay(5)
    }
    await Promise.all(coming)
    expect(kept).toHaveLength(40 + (isComing ? 40 : 0) - (isGoing ? 20 : 0))
    await waitFor('all to be counted', async () => (await countOf('ann')) === kept.length)
  })
})

describe('while Redis is away', () => {
  it('each node has its own, and all of them count when it is back', async () => {
    const [here, there] = await bothNodes()
    expect(await placesOf([placeOf(here.admission), placeOf(here.admission)])).toHaveLength(2)
    await server.kill()
    await Promise.all([here.node.isAway(), there.node.isAway()])
    expect(await placeOf(here.admission)).toBeDefined()
    expect(await placeOf(here.admission)).toBeUndefined()
    const others = await placesOf([1, 2, 3, 4].map(() => placeOf(there.admission)))
    expect(others).toHaveLength(3)
    others[0]!()
    await server.restart({ keepData: false })
    await Promise.all([here.node.isUp(), there.node.isUp()])
    await waitFor('all to be told', async () => (await keysOf()).length === 3)
    const field = `{${prefix}}:places`
    await waitFor('both nodes', async () => (await server.command('ZCARD', field)) === 2)
    expect(await placeOf(there.admission)).toBeUndefined()
    others[1]!()
    others[2]!()
    expect(await placeOf(there.admission)).toBeUndefined()
  })

  it('nobody waits for one that gives no answer, but the first for a moment', async () => {
    const [here] = await bothNodes()
    await placeOf(here.admission)
    server.freeze()
    try {
      const startedAt = performance.now()
      expect(await placesOf([1, 2, 3].map(() => placeOf(here.admission)))).toHaveLength(2)
      expect(await placeOf(here.admission, 'bob')).toBeDefined()
      expect(performance.now() - startedAt).toBeLessThan(1500)
    } finally {
      server.thaw()
    }
  })
})
