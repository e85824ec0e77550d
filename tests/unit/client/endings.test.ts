// What the client makes of being cut off, refused or asked to leave.

import { describe, expect, it } from '@jest/globals'
import { ClientScene } from '../../support/client/ClientScene.js'
import { failure } from '../../support/client/FakePolls.js'

const sockets = ({ network }: ClientScene) => network.opened('websocket')

it('comes back after a drain, not before the time it was told and not much later', async () => {
  const scene = new ClientScene({ transports: ['websocket'] })
  await scene.connect()
  await scene.advance(5000)
  const drainedAt = scene.environment.now()
  scene.server.drain(2000)
  await scene.advance(20)
  scene.server.closeAll(1012)
  await scene.advance(10_000)
  const { openedAt } = scene.network.lines.at(-1)!
  expect(openedAt - drainedAt).toBeGreaterThanOrEqual(2000)
  expect(openedAt - drainedAt).toBeLessThanOrEqual(2600)
  expect(scene.transport).toBe('websocket')
})

it('stays away for as long as the server says, whatever the page does', async () => {
  const scene = new ClientScene({ transports: ['sse'] })
  const busy = { ...failure(503, 'unavailable', 'full'), headers: { 'Retry-After': '20' } }
  scene.server.refusal = { closeCode: 1013, answer: busy }
  await scene.connect()
  for (let times = 0; times < 19; times += 1) {
    await scene.advance(1000)
    scene.environment.signal()
  }
  expect(scene.network.opened('sse')).toBe(1)
  scene.server.refusal = undefined
  await scene.advance(6500)
  expect(scene.transport).toBe('sse')
})

describe('a token that is no longer good', () => {
  it('is asked for once, and the connection comes back', async () => {
    let asked = 0
    const getToken = () => {
      asked += 1
      return `token ${asked}`
    }
    const scene = new ClientScene({ getToken })
    scene.server.users.set('token 1', 'u_1').set('token 2', 'u_1')
    await scene.connect()
    scene.server.users.delete('token 1')
    scene.server.closeAll(4401)
    await scene.advance(5000)
    expect([asked, scene.transport]).toEqual([2, 'websocket'])
  })

  it('is not asked for again and again', async () => {
    let asked = 0
    const getToken = () => {
      asked += 1
      return `token ${asked}`
    }
    const scene = new ClientScene({ getToken })
    await scene.connect()
    await scene.advance(600_000)
    expect(asked).toBeLessThanOrEqual(3)
    expect(scene.status).toBe('failed')
    expect(scene.manager.getSnapshot().error?.code).toBe('unauthorized')
  })

  // Issuers say in whole seconds when: what they issue later in the same one is refused, too.
  it.each([1, 9, 13, 19, 36, 42])(
    'may be of the second of a revocation (seed %d)',
    async (seed) => {
      const second = () => Math.floor(scene.environment.now() / 1000)
      const scene: ClientScene = new ClientScene({ getToken: () => `token of ${second()}` }, seed)
      scene.server.users.set(`token of ${second()}`, 'u_1')
      await scene.connect()
      await scene.advance(5000 - (scene.environment.now() % 1000))
      scene.server.users.clear()
      for (let later = 1; later < 10; later += 1) {
        scene.server.users.set(`token of ${second() + later}`, 'u_1')
      }
      scene.server.closeAll(4401)
      await scene.advance(8000)
      expect(scene.transport).toBe('websocket')
    },
  )
})

it.each([4500, 4501, 4503, 4999])('fails for good when closed with %d', async (code) => {
  const scene = new ClientScene()
  await scene.connect()
  scene.server.closeAll(code)
  await scene.advance(600_000)
  scene.environment.signal()
  await scene.advance(1000)
  expect(scene.status).toBe('failed')
  expect(scene.network.lines).toHaveLength(1)
})

it.each([1002, 1003, 1007, 1008])('uses another transport when closed with %d', async (code) => {
  const scene = new ClientScene()
  await scene.connect()
  await scene.advance(5000)
  scene.server.closeAll(code)
  await scene.advance(1100)
  expect(scene.transport).toBe('sse')
  await scene.advance(200_000)
  expect(scene.transport).toBe('websocket')
})

it.each([1000, 1001, 1006, 1011, 1013, 4000, 4408, 4499])('comes back after %d', async (code) => {
  const scene = new ClientScene()
  await scene.connect()
  await scene.advance(5000)
  scene.server.closeAll(code)
  await scene.advance(2000)
  expect([scene.transport, sockets(scene)]).toEqual(['websocket', 2])
})

it.each(['websocket', 'sse', 'long-poll'] as const)(
  'drops a cursor that the server does not know, reports one resync, and comes back over %s',
  async (name) => {
    const scene = new ClientScene({ transports: [name] })
    await scene.connect()
    await scene.advance(2000)
    scene.server.log.unknown.add(scene.manager.cursor)
    scene.server.log.append({ userId: 'u_2' }, { type: 'test' })
    scene.network.cutAll()
    await scene.advance(60_000)
    scene.server.publish({}, 'after')
    await scene.advance(100)
    expect(scene.resyncs).toEqual(['epoch'])
    expect(scene.payloads).toEqual(['after'])
    expect(scene.transport).toBe(name)
  },
)

it('fails after as many failures as it may have, until it is told to try again', async () => {
  const scene = new ClientScene({ maxReconnectAttempts: 3 })
  scene.network.faults.set('websocket', 'refuse').set('sse', 'refuse').set('poll', 'refuse')
  await scene.connect()
  await scene.advance(600_000)
  expect([scene.status, sockets(scene)]).toEqual(['failed', 3])
  scene.network.faults.clear()
  scene.environment.signal()
  await scene.advance(60_000)
  expect(scene.status).toBe('failed')
  scene.manager.reconnect()
  await scene.advance(5000)
  expect(scene.transport).toBe('websocket')
})

it('never opens links in a rush, whatever the server answers', async () => {
  const scene = new ClientScene({ transports: ['websocket'] })
  const times: number[] = []
  scene.server.refusal = { closeCode: 1012, answer: failure(503, 'unavailable', '') }
  scene.manager.connect()
  for (let steps = 0; steps < 600; steps += 1) {
    scene.manager.reconnect()
    scene.environment.signal()
    await scene.advance(100)
  }
  for (const { openedAt } of scene.network.lines) times.push(openedAt)
  const within = (ms: number) =>
    Math.max(...times.map((from) => times.filter((at) => at >= from && at < from + ms).length))
  expect(within(500)).toBeLessThanOrEqual(5)
  expect(within(60_000)).toBeLessThanOrEqual(44)
})

describe('another user’s token', () => {
  it('takes the position, the topics and what waits to be sent away', async () => {
    const scene = new ClientScene({ token: 'dev:u_1', topics: ['a'] })
    scene.server.users.set('dev:u_1', 'u_1').set('dev:u_2', 'u_2')
    await scene.connect()
    scene.network.muteAll()
    const sent = scene.manager.send({ type: 'mine' })
    const outcome = sent.catch((error: { code: string }) => error.code)
    await scene.advance(20)
    scene.manager.setAuthToken('dev:u_2')
    scene.server.publish({ topics: ['a'] }, 'a')
    scene.server.publish({ userId: 'u_1' }, 'for the first')
    await scene.advance(5000)
    scene.server.publish({ userId: 'u_2' }, 'for the second')
    await scene.advance(100)
    expect(await outcome).toBe('indeterminate')
    expect(scene.payloads).toEqual(['for the second'])
    expect(scene.manager.getSnapshot()).toMatchObject({ userId: 'u_2', topics: [] })
    expect(scene.resyncs).toEqual([])
  })

  it('of the same user costs nothing', async () => {
    const scene = new ClientScene({ token: 'dev:u_1:old', topics: ['a'] })
    scene.server.users.set('dev:u_1:old', 'u_1').set('dev:u_1:new', 'u_1')
    await scene.connect()
    scene.manager.setAuthToken('dev:u_1:new')
    scene.server.publish({ topics: ['a'] }, 1)
    await scene.advance(2000)
    scene.server.publish({ topics: ['a'] }, 2)
    await scene.advance(100)
    expect(scene.payloads).toEqual([1, 2])
    expect(scene.snapshots.every(({ status }) => status !== 'reconnecting')).toBe(true)
    expect(sockets(scene)).toBe(2)
  })
})
