// What becomes of a send: applied once, or the application is told that nobody knows.

import { describe, expect, it } from '@jest/globals'
import { ClientScene } from '../../support/client/ClientScene.js'

interface Sending {
  readonly scene: ClientScene
  outcome: string
}

async function over(name: 'websocket' | 'sse'): Promise<ClientScene> {
  const scene = new ClientScene({ transports: [name] })
  await scene.connect()
  return scene
}

function send(scene: ClientScene): Sending {
  const sending = { scene, outcome: 'pending' }
  scene.manager.send({ type: 'sent', payload: 1 }).then(
    ({ duplicate }) => {
      sending.outcome = duplicate ? 'duplicate' : 'ok'
    },
    ({ code }: { code: string }) => {
      sending.outcome = code
    },
  )
  return sending
}

const applied = ({ server }: ClientScene) => server.applied.get(1) ?? 0

describe.each(['websocket', 'sse'] as const)('over %s', (name) => {
  it('goes out once, and is answered', async () => {
    const scene = await over(name)
    const sending = send(scene)
    await scene.advance(100)
    expect([sending.outcome, applied(scene)]).toEqual(['ok', 1])
  })

  it('waits for the network', async () => {
    const scene = await over(name)
    for (const kind of [name, 'send', 'poll'] as const) scene.network.faults.set(kind, 'refuse')
    scene.network.cutAll()
    const sending = send(scene)
    await scene.advance(400_000)
    expect(sending.outcome).toBe('pending')
    scene.network.faults.clear()
    await scene.advance(60_000)
    expect([sending.outcome, applied(scene)]).toEqual(['ok', 1])
  })

  it('is repeated where the answer was lost, and published once', async () => {
    const scene = await over(name)
    scene.server.sendFaults.push('cut')
    const sending = send(scene)
    await scene.advance(60_000)
    expect([sending.outcome, applied(scene)]).toEqual(['duplicate', 1])
  })

  it.each(['busy', 'busy, applied'] as const)(
    'is repeated where the server was %s',
    async (fault) => {
      const scene = await over(name)
      scene.server.sendFaults.push(fault, fault)
      const sending = send(scene)
      await scene.advance(60_000)
      expect(['ok', 'duplicate']).toContain(sending.outcome)
      expect(applied(scene)).toBe(1)
    },
  )

  it('is not repeated to a log that began anew: nobody can say what became of it', async () => {
    const scene = await over(name)
    const sending = send(scene)
    await scene.advance(7)
    scene.restart()
    await scene.advance(60_000)
    expect([sending.outcome, applied(scene)]).toEqual(['indeterminate', 1])
  })

  it('is given up before the server forgets its key, five minutes after its first try', async () => {
    const scene = await over(name)
    scene.network.faults.set('send', 'swallow')
    scene.network.muteAll()
    const sending = send(scene)
    await scene.advance(1)
    scene.network.faults.set(name, 'swallow')
    await scene.advance(240_000)
    expect(sending.outcome).toBe('pending')
    await scene.advance(60_000)
    expect(sending.outcome).toBe('indeterminate')
  })

  it('was never applied where it is rejected as not sent', async () => {
    const scene = await over(name)
    for (const kind of [name, 'poll'] as const) scene.network.faults.set(kind, 'refuse')
    scene.network.cutAll()
    const sending = send(scene)
    await scene.advance(5000)
    scene.manager.disconnect()
    await scene.advance(1)
    expect([sending.outcome, applied(scene)]).toEqual(['not_sent', 0])
  })
})

it('takes no more than it may hold', async () => {
  const scene = new ClientScene({ maxOutbox: 2 })
  const sendings = [send(scene), send(scene), send(scene)]
  await scene.advance(1)
  expect(sendings.map(({ outcome }) => outcome)).toEqual(['pending', 'pending', 'outbox_full'])
})

it('refuses what is larger than the server takes, and goes on', async () => {
  const scene = await over('websocket')
  const tooLarge = scene.manager.send({ type: 'sent', payload: 'x'.repeat(70_000) })
  await expect(Promise.all([tooLarge, scene.advance(100)])).rejects.toMatchObject({
    code: 'too_large',
  })
  const sending = send(scene)
  await scene.advance(100)
  expect(sending.outcome).toBe('ok')
})
