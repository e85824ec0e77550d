// The Redis of these tests does to its data what the test says, and nothing else.

import { afterEach, expect, test } from '@jest/globals'
import { RedisServer, type RedisServerOptions } from '../support/RedisServer.js'

let redis: RedisServer | undefined

afterEach(async () => {
  await redis?.stop()
  redis = undefined
})

async function started(options: RedisServerOptions = {}): Promise<RedisServer> {
  redis = await RedisServer.start(options)
  await redis.command('SET', 'a', '1')
  return redis
}

test('killed, it keeps what its append-only file has', async () => {
  const server = await started({ appendOnly: 'always' })
  await server.kill()
  await server.restart({ keepData: true })
  expect(await server.command('GET', 'a')).toBe('1')
  await server.restart({ keepData: false })
  expect(await server.command('GET', 'a')).toBeNull()
})

test('without one, it comes back empty on the same port', async () => {
  const server = await started()
  const { url } = server
  await server.stopNoSave()
  await server.restart({ keepData: true })
  expect(server.url).toBe(url)
  expect(await server.command('GET', 'a')).toBeNull()
})

test('goes back to the files of an earlier time', async () => {
  const server = await started()
  await server.command('SAVE')
  server.keepCopy('old')
  await server.command('SET', 'a', '2')
  await server.restartWithCopy('old')
  expect(await server.command('GET', 'a')).toBe('1')
})

test('frozen, it answers only once it is thawed', async () => {
  const server = await started()
  server.freeze()
  let answer: unknown
  const asked = server.command('GET', 'a').then((value) => {
    answer = value
  })
  await new Promise((resolve) => setTimeout(resolve, 100))
  expect(answer).toBeUndefined()
  server.thaw()
  await asked
  expect(answer).toBe('1')
})

test('takes lines of configuration and the debug command', async () => {
  const server = await started({ config: { maxmemory: '20mb' } })
  expect(await server.info('maxmemory')).toBe(String(20 << 20))
  expect(await server.command('DEBUG', 'SLEEP', '0.01')).toBe('OK')
})
