// A node is ready as long as its beats come back: those that it sends, not those that it sent once.

import { afterEach, beforeEach, expect, it } from '@jest/globals'
import { Api } from '../../support/Api.js'
import { RedisServer } from '../../support/RedisServer.js'
import { waitFor } from '../../support/waitFor.js'
import { Nodes } from './Nodes.js'

let redis: RedisServer
let nodes: Nodes

beforeEach(async () => {
  redis = await RedisServer.start()
  nodes = new Nodes(redis)
})
afterEach(async () => {
  await nodes.close()
  await redis.stop()
})

it('beats that are read again, as from a Redis that was restored, keep no node ready', async () => {
  const { url } = await nodes.start()
  const beats = nodes.key('beats')
  const sent = (await redis.command('XRANGE', beats, '-', '+')) as [id: string, fields: string[]][]
  const isReady = async () => (await new Api(url).status()).body.status === 'ok'
  expect([sent.length > 0, await isReady()]).toEqual([true, true])
  // Its own are scripts, and refused from now on.
  await redis.command('ACL', 'SETUSER', 'default', '-eval', '-evalsha')
  await waitFor(
    'it not to be ready',
    async () => {
      for (const [, fields] of sent) await redis.command('XADD', beats, '*', ...fields)
      return !(await isReady())
    },
    20_000,
  )
})
