import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals'
import { RedisValidity } from '../../../server/security/RedisValidity.js'
import { freshPrefix, RedisNode } from '../../support/RedisNode.js'
import { RedisServer } from '../../support/RedisServer.js'
import { waitFor } from '../../support/waitFor.js'
import { ann, issuedAt, refuses, validityContract } from './validityContract.js'

const DAY_MS = 86_400_000

let server: RedisServer
let prefix = ''
let parts: { readonly node: RedisNode; readonly validity: RedisValidity }[] = []
beforeAll(async () => {
  server = await RedisServer.start()
})
afterEach(() => {
  for (const { node, validity } of parts) {
    validity.stop()
    node.close()
  }
  parts = []
})
afterAll(() => server.stop())

async function validityOf({ maxRevocations = 10, rememberMs = DAY_MS } = {}) {
  const node = await RedisNode.connect(server.url, prefix)
  return begun(node, { maxRevocations, rememberMs })
}

async function begun(node: RedisNode, { maxRevocations = 10, rememberMs = DAY_MS } = {}) {
  const times = { wallNow: Date.now, rememberMs, lookEveryMs: 50 }
  const validity = new RedisValidity({ ...node, ...times, maxRevocations })
  parts.push({ node, validity })
  await validity.start()
  return { node, validity }
}

async function bothEnds(maxRevocations = 10) {
  prefix = freshPrefix()
  const [here, there] = await Promise.all([
    validityOf({ maxRevocations }),
    validityOf({ maxRevocations }),
  ])
  return { here: here.validity, there: there.validity, nodes: [here.node, there.node] as const }
}

validityContract('RedisValidity', bothEnds)

describe('revocations in Redis', () => {
  it('are known to a node that starts later, before it lets anybody in', async () => {
    const { here } = await bothEnds()
    const old = issuedAt(1)
    await here.revoke({ userId: 'ann' })
    expect((await validityOf()).validity.isCurrent(old)).toBe(false)
  })

  it('are read in full, however many they are', async () => {
    prefix = freshPrefix()
    const { validity } = await validityOf({ maxRevocations: 5000 })
    const users = Array.from({ length: 2500 }, (_, index) => `u${index}`)
    await Promise.all(users.map((userId) => validity.revoke({ userId })))
    const { validity: later } = await validityOf({ maxRevocations: 5000 })
    const current = users.filter((userId) => later.isCurrent({ ...ann, userId }))
    expect(current).toEqual([])
  })

  it('do not come from another prefix', async () => {
    const { here } = await bothEnds()
    prefix = freshPrefix()
    const { validity } = await validityOf()
    await here.revoke({ userId: 'ann' })
    expect((await validityOf()).validity.isCurrent(ann)).toBe(true)
    expect(validity.isCurrent(ann)).toBe(true)
  })

  it('are kept for as long as a token lives, and make room then', async () => {
    prefix = freshPrefix()
    const { validity } = await validityOf({ rememberMs: 300, maxRevocations: 1 })
    await validity.revoke({ userId: 'ann' })
    const keys = (await server.command('KEYS', `{${prefix}}*`)) as string[]
    expect(keys).toHaveLength(2)
    for (const key of keys) expect(Number(await server.command('PTTL', key))).toBeGreaterThan(0)
    await new Promise((resolve) => setTimeout(resolve, 350))
    expect(await server.command('KEYS', `{${prefix}}*`)).toEqual([])
    await validity.revoke({ userId: 'bob' })
  })

  it('do not say which token it was', async () => {
    const { here } = await bothEnds()
    await here.revoke({ jti: 'secret-token' })
    const held = await server.command('ZRANGE', `{${prefix}}:revocations`, 0, -1)
    expect(JSON.stringify(held)).not.toContain('secret')
  })

  it('are told anew by the nodes where Redis has lost them', async () => {
    const { here, there } = await bothEnds()
    await here.revoke({ userId: 'ann' })
    await refuses(there, ann)
    await server.command('FLUSHALL')
    // Another one in between must not hide that.
    await there.revoke({ userId: 'bob' })
    await refuses(here, { ...ann, userId: 'bob' })
    const key = `{${prefix}}:revocations`
    await waitFor('both', async () => (await server.command('ZCARD', key)) === 2)
    const { validity: later } = await validityOf()
    expect(later.isCurrent(ann)).toBe(false)
    expect(later.isCurrent({ ...ann, userId: 'bob' })).toBe(false)
  })

  it('count where they were made while Redis is away, and everywhere when it is back', async () => {
    const { here, there, nodes } = await bothEnds()
    await server.kill()
    await Promise.all(nodes.map((node) => node.isAway()))
    const told = here.revoke({ userId: 'ann' })
    expect(here.isCurrent(ann)).toBe(false)
    await expect(told).rejects.toEqual(
      expect.objectContaining({ code: 'unavailable', status: 503 }),
    )
    expect(there.isCurrent(ann)).toBe(true)
    await server.restart({ keepData: false })
    await refuses(there, ann)
    expect(here.isCurrent(ann)).toBe(false)
  })

  it('are waited for by a node that starts while Redis is away: it lets nobody in', async () => {
    prefix = freshPrefix()
    await server.kill()
    const { validity } = await begun(RedisNode.connecting(server.url, prefix))
    expect(() => validity.assertCurrent(ann)).toThrow(
      expect.objectContaining({ code: 'unavailable', status: 503 }),
    )
    await server.restart({ keepData: false })
    await waitFor('it to let somebody in', () => {
      try {
        validity.assertCurrent(ann)
        return true
      } catch {
        return false
      }
    })
  })

  it('are taken where Redis is full', async () => {
    const { here, there } = await bothEnds()
    await server.command('CONFIG', 'SET', 'maxmemory', '1')
    try {
      await here.revoke({ userId: 'ann' })
      await refuses(there, ann)
    } finally {
      await server.command('CONFIG', 'SET', 'maxmemory', '0')
    }
  })
})
