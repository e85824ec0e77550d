import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals'
import { RedisTickets } from '../../../server/security/RedisTickets.js'
import { freshPrefix, RedisNode } from '../../support/RedisNode.js'
import { RedisServer } from '../../support/RedisServer.js'
import { contentsOf } from '../../support/redisContents.js'
import { ann, stale, ticketsContract, user } from './ticketsContract.js'

let server: RedisServer
let nodes: RedisNode[] = []
beforeAll(async () => {
  server = await RedisServer.start()
})
afterEach(() => {
  for (const node of nodes) node.close()
  nodes = []
})
afterAll(() => server.stop())

async function ticketsOf(prefix: string): Promise<RedisTickets> {
  const node = await RedisNode.connect(server.url, prefix)
  nodes.push(node)
  return new RedisTickets({ ...node, wallNow: Date.now })
}

async function bothEnds(prefix = freshPrefix()) {
  return Promise.all([ticketsOf(prefix), ticketsOf(prefix)])
}

ticketsContract('RedisTickets', bothEnds)

describe('tickets in Redis', () => {
  it('live for 30 s there, with all that is kept of them', async () => {
    const prefix = freshPrefix()
    const tickets = await ticketsOf(prefix)
    await tickets.issue(ann)
    const held = await contentsOf(server, `{${prefix}}*`)
    expect(held).toHaveLength(3)
    for (const { lifeMs } of held) {
      expect(lifeMs).toBeGreaterThan(25_000)
      expect(lifeMs).toBeLessThanOrEqual(30_000)
    }
  })

  it('leave nothing behind when they are used', async () => {
    const prefix = freshPrefix()
    const tickets = await ticketsOf(prefix)
    const { ticket } = await tickets.issue(ann)
    await tickets.take(ticket)
    await tickets.take(ticket).catch(() => {})
    expect(await server.command('KEYS', `{${prefix}}*`)).toEqual([])
  })

  it('tell who reads Redis neither what opens nor whom it is for', async () => {
    const prefix = freshPrefix()
    const tickets = await ticketsOf(prefix)
    const bearer = user('secret-name', { tokenId: 'secret-token', roles: ['secret-role'] })
    const { ticket } = await tickets.issue(bearer)
    const text = JSON.stringify(await contentsOf(server, `{${prefix}}*`))
    expect(text).not.toContain(ticket)
    expect(text).not.toMatch(/secret/)
    expect(await tickets.take(ticket)).toEqual(bearer)
  })

  it('are unavailable while Redis is away or full, and not lost by it', async () => {
    const unavailable = expect.objectContaining({ code: 'unavailable', status: 503 })
    const prefix = freshPrefix()
    const tickets = await ticketsOf(prefix)
    const { ticket } = await tickets.issue(ann)
    await server.command('CONFIG', 'SET', 'maxmemory', '1')
    await expect(tickets.issue(ann)).rejects.toEqual(unavailable)
    await server.command('CONFIG', 'SET', 'maxmemory', '0')
    expect(await tickets.take(ticket)).toEqual(ann)
    await server.kill()
    await nodes[0]!.isAway()
    await expect(tickets.issue(ann)).rejects.toEqual(unavailable)
    await expect(tickets.take(ticket)).rejects.toEqual(unavailable)
    await server.restart({ keepData: false })
    await nodes[0]!.isUp()
    await expect(tickets.take(ticket)).rejects.toEqual(stale)
    await tickets.issue(ann)
  })
})
