// Which transport carries, and when: the whole client in virtual time.

import { describe, expect, it } from '@jest/globals'
import { ClientScene } from '../../support/client/ClientScene.js'
import type { Kind } from '../../support/client/FakeLine.js'

const opened = ({ network, environment }: ClientScene): [Kind, number][] =>
  network.lines.map(({ kind, openedAt }) => [kind, openedAt - (environment.now() - SPAN)])
const SPAN = 3000

describe('the start', () => {
  it('gives WebSocket 500 ms, then starts SSE beside it, and long-poll 1 s after that', async () => {
    const scene = new ClientScene()
    for (const kind of ['websocket', 'sse', 'poll'] as const) {
      scene.network.faults.set(kind, 'swallow')
    }
    scene.manager.connect()
    await scene.advance(SPAN)
    expect(opened(scene)).toEqual([
      ['websocket', 0],
      ['sse', 500],
      ['poll', 1500],
    ])
    expect(scene.status).toBe('connecting')
  })

  it('opens nothing else where WebSocket delivers in time', async () => {
    const scene = new ClientScene()
    scene.network.latencyMs = 100
    scene.manager.connect()
    await scene.advance(60_000)
    expect(scene.network.lines).toHaveLength(1)
    expect(scene.transport).toBe('websocket')
  })

  it('takes a socket that opens and says nothing for no connection', async () => {
    const scene = new ClientScene()
    scene.network.faults.set('websocket', 'swallow')
    scene.manager.connect()
    await scene.advance(499)
    expect(scene.status).toBe('connecting')
    await scene.advance(20)
    expect(scene.transport).toBe('sse')
  })

  it('goes on to the next at once where one is refused', async () => {
    const scene = new ClientScene()
    scene.network.faults.set('websocket', 'refuse').set('sse', 'portal')
    await scene.connect()
    expect(scene.transport).toBe('long-poll')
  })

  it('carries on with WebSocket where it is merely slow', async () => {
    const scene = new ClientScene()
    scene.network.latencyMs = 300
    scene.manager.connect()
    await scene.advance(10_000)
    expect(scene.transport).toBe('websocket')
    expect(scene.network.open()).toHaveLength(1)
  })
})

describe('the way back up', () => {
  async function onSse(): Promise<ClientScene> {
    const scene = new ClientScene()
    scene.network.faults.set('websocket', 'refuse')
    await scene.connect()
    expect(scene.transport).toBe('sse')
    return scene
  }

  it('tries ever less often, and yet never gives up', async () => {
    const scene = await onSse()
    const perTenMinutes: number[] = []
    for (let times = 0; times < 3; times += 1) {
      const before = scene.network.opened('websocket')
      await scene.advance(600_000)
      perTenMinutes.push(scene.network.opened('websocket') - before)
    }
    expect(perTenMinutes[0]).toBeGreaterThan(perTenMinutes[2]!)
    expect(perTenMinutes[2]).toBeGreaterThanOrEqual(4)
    scene.network.faults.clear()
    await scene.advance(160_000)
    expect(scene.transport).toBe('websocket')
  })

  it('tries at once when the network is back', async () => {
    const scene = await onSse()
    await scene.advance(600_000)
    scene.network.faults.clear()
    scene.environment.signal()
    await scene.advance(50)
    expect(scene.transport).toBe('websocket')
  })

  it('finds the way without any traffic, also after a loss was told', async () => {
    const scene = await onSse()
    await scene.advance(5000)
    scene.restart()
    await scene.advance(5000)
    expect([scene.transport, scene.resyncs]).toEqual(['sse', ['epoch']])
    scene.network.faults.clear()
    await scene.advance(300_000)
    expect(scene.transport).toBe('websocket')
  })

  it('closes the old link only when the new one has delivered, up and down', async () => {
    const scene = await onSse()
    const [stream] = scene.network.open('sse')
    scene.environment.hide(true)
    await scene.advance(1000)
    expect(scene.transport).toBe('poll')
    const [poll] = scene.network.lines.filter(({ kind }) => kind === 'poll')
    expect(stream!.closedAt).toBeGreaterThan(poll!.openedAt)
    scene.network.faults.clear()
    scene.environment.hide(false)
    await scene.advance(1000)
    expect(scene.transport).toBe('websocket')
    expect(scene.network.open()).toHaveLength(1)
    expect(scene.snapshots.filter(({ status }) => status === 'reconnecting')).toEqual([])
  })

  it('has no more than two links that read at a time while it changes them', async () => {
    const scene = await onSse()
    scene.network.faults.clear()
    scene.environment.signal()
    let most = 0
    for (let ms = 0; ms < 100; ms += 1) {
      await scene.advance(1)
      most = Math.max(most, scene.server.connections)
    }
    expect([most, scene.server.connections]).toEqual([2, 1])
  })
})

describe('a hidden tab', () => {
  it('goes from a fallback to interval polling, and back when it is seen', async () => {
    const scene = new ClientScene()
    scene.network.faults.set('websocket', 'refuse')
    await scene.connect()
    scene.environment.hide(true)
    await scene.advance(1000)
    expect(scene.transport).toBe('poll')
    expect(scene.network.open('sse')).toEqual([])
    scene.server.publish({}, 'hidden')
    await scene.advance(6000)
    expect(scene.payloads).toEqual(['hidden'])
    scene.environment.hide(false)
    await scene.advance(1000)
    expect(scene.transport).toBe('sse')
  })

  it('stays on WebSocket', async () => {
    const scene = new ClientScene()
    await scene.connect()
    scene.environment.hide(true)
    await scene.advance(60_000)
    expect(scene.transport).toBe('websocket')
    expect(scene.network.lines).toHaveLength(1)
  })
})
