// What the application is given and told while links come, go and overlap. The random walks look
// for what nobody thought of; here is what somebody did.

import { describe, expect, it } from '@jest/globals'
import { ClientScene } from '../../support/client/ClientScene.js'

async function over(name: 'websocket' | 'sse' | 'long-poll'): Promise<ClientScene> {
  const scene = new ClientScene({ topics: ['a'] })
  if (name !== 'websocket') scene.network.faults.set('websocket', 'refuse')
  if (name === 'long-poll') scene.network.faults.set('sse', 'refuse')
  await scene.connect()
  await scene.advance(4000)
  expect(scene.transport).toBe(name)
  return scene
}

const ALL = ['websocket', 'sse', 'long-poll'] as const

describe.each(ALL)('over %s', (name) => {
  it('goes on where it was cut off', async () => {
    const scene = await over(name)
    scene.server.publish({}, 1)
    await scene.advance(200)
    scene.network.cutAll()
    scene.server.publish({ topics: ['a'] }, 2)
    await scene.advance(60_000)
    expect([scene.payloads, scene.resyncs]).toEqual([[1, 2], []])
  })

  it('tells once of a resync that was forced while nothing was connected', async () => {
    const scene = await over(name)
    scene.network.cutAll()
    scene.server.force({ userId: 'u_1' })
    await scene.advance(60_000)
    scene.network.faults.clear()
    await scene.advance(200_000)
    expect([scene.transport, scene.resyncs]).toEqual(['websocket', ['forced']])
  })

  it('tells once of what expired, though it pages on below the loss', async () => {
    const scene = await over(name)
    scene.server.polls.pageLimit = 1
    scene.network.cutAll()
    for (const payload of [1, 2, 3, 4]) scene.server.publish({}, payload)
    scene.server.log.cut(3)
    await scene.advance(60_000)
    expect([scene.payloads, scene.resyncs]).toEqual([[2, 3, 4], ['expired']])
  })

  it('tells once of a log that began anew, and takes all that the new one has', async () => {
    const scene = await over(name)
    scene.server.publish({}, 'lost')
    scene.restart()
    scene.server.publish({}, 'kept')
    await scene.advance(60_000)
    expect([scene.payloads, scene.resyncs]).toEqual([['kept'], ['epoch']])
  })

  it.each([50, 150, 250])('tells once of a resync forced %d ms into an overlap', async (ms) => {
    const scene = await over(name)
    scene.network.latencyMs = 100
    scene.network.faults.clear()
    scene.manager.reconnect()
    await scene.advance(ms)
    scene.server.force({})
    scene.server.publish({}, 1)
    await scene.advance(60_000)
    expect([scene.payloads, scene.resyncs]).toEqual([[1], ['forced']])
  })

  it('tells once of a loss though a better transport delivers right after', async () => {
    const scene = await over(name)
    scene.network.cutAll()
    scene.server.force({})
    scene.network.faults.clear()
    scene.environment.signal()
    await scene.advance(60_000)
    expect([scene.transport, scene.resyncs]).toEqual(['websocket', ['forced']])
  })

  it('tells of a log that began anew while a topic was being added', async () => {
    const scene = await over(name)
    scene.manager.subscribe(['b'])
    await scene.advance(0)
    scene.restart()
    await scene.advance(60_000)
    expect([...new Set(scene.resyncs)]).toEqual(['epoch'])
  })

  it('adds a topic without a gap, also while links change', async () => {
    const scene = await over(name)
    scene.network.latencyMs = 50
    scene.manager.reconnect()
    await scene.advance(75)
    scene.manager.subscribe(['b'])
    const payloads = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10]
    for (const payload of payloads) {
      scene.server.publish({ topics: payload % 2 ? ['b'] : ['a'] }, payload)
      await scene.advance(40)
    }
    await scene.advance(60_000)
    expect(scene.payloads.toSorted((a, b) => Number(a) - Number(b))).toEqual(payloads)
  })

  it('keeps what a topic holds from its subscription on, though the link is lost at once', async () => {
    const scene = await over(name)
    scene.manager.subscribe(['b'])
    scene.server.publish({ userId: 'u_1' }, 'mine')
    scene.server.publish({ topics: ['b'] }, 'b')
    await scene.advance(6)
    scene.network.cutAll()
    await scene.advance(60_000)
    expect(scene.payloads.toSorted()).toEqual(['b', 'mine'])
  })

  it('reads the others where a topic is denied, and says which it is', async () => {
    const scene = await over(name)
    scene.server.denied.add('secret')
    scene.manager.subscribe(['secret', 'b'])
    await scene.advance(5000)
    scene.server.publish({ topics: ['b'] }, 1)
    scene.server.publish({ topics: ['secret'] }, 2)
    scene.server.publish({ topics: ['a'] }, 3)
    await scene.advance(1000)
    expect(scene.payloads).toEqual([1, 3])
    expect(scene.manager.getSnapshot().denied).toEqual(['secret'])
  })

  it('gives nothing more of a topic that was just dropped', async () => {
    const scene = await over(name)
    scene.manager.unsubscribe(['a'])
    scene.server.publish({ topics: ['a'] }, 1)
    await scene.advance(60_000)
    expect(scene.payloads).toEqual([])
  })

  it('notices a link that has gone silent, and misses nothing', async () => {
    const scene = await over(name)
    scene.network.muteAll()
    scene.server.publish({}, 1)
    await scene.advance(60_000)
    expect([scene.payloads, scene.resyncs]).toEqual([[1], []])
  })
})

it('starts at one place, though two links begin at a now of their own', async () => {
  const scene = new ClientScene()
  const { network, server } = scene
  network.latencyMs = 800
  scene.manager.connect()
  await scene.advance(400)
  network.latencyMs = 100
  await scene.advance(420)
  expect(scene.transport).toBe('sse')
  // The socket's first frame is on its way; what the stream says takes long from now on.
  network.latencyMs = 2000
  server.publish({}, 1)
  network.latencyMs = 10
  await scene.advance(60_000)
  expect([scene.transport, scene.payloads]).toEqual(['websocket', [1]])
})

it('tells of a second loss, though nothing came since it told of the first', async () => {
  const scene = await over('websocket')
  scene.network.cutAll()
  scene.server.force({})
  await scene.advance(2000)
  expect(scene.resyncs).toEqual(['forced'])
  scene.network.muteAll()
  scene.server.publish({}, 'lost')
  scene.server.log.cut()
  await scene.advance(60_000)
  expect([...new Set(scene.resyncs)]).toEqual(['forced', 'expired'])
})

it('gives a topic’s message that a heartbeat was sent ahead of', async () => {
  const scene = await over('websocket')
  const [socket] = scene.network.open('websocket')
  await scene.advance(15_000 - (scene.environment.now() - socket!.openedAt) + 8)
  scene.manager.subscribe(['b'])
  scene.server.publish({ topics: ['b'] }, 1)
  await scene.advance(100)
  expect(scene.payloads).toEqual([1])
})

it('gives nothing twice when the link is replaced after a topic has caught up', async () => {
  const scene = await over('websocket')
  scene.server.publish({ topics: ['b'] }, 1)
  scene.manager.subscribe(['b'])
  await scene.advance(100)
  scene.manager.reconnect()
  await scene.advance(1000)
  expect(scene.payloads.length).toBeLessThanOrEqual(1)
})

it('keeps what a topic holds from its subscription on, though a first page is on its way', async () => {
  const scene = new ClientScene({ topics: ['a'] })
  await scene.connect()
  scene.environment.hide(true)
  // So soon that another WebSocket is not tried at once: the log is polled.
  scene.network.cutAll()
  scene.manager.reconnect()
  await scene.advance(0)
  scene.manager.subscribe(['b'])
  scene.server.publish({ topics: ['b'] }, 1)
  await scene.advance(60_000)
  expect([scene.payloads, scene.resyncs]).toEqual([[1], []])
})
