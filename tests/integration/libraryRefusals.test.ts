// What the library says to a host that uses it wrongly: a clear error at once, and nothing opened.

import { afterEach, describe, expect, it } from '@jest/globals'
import type { RequestHandler } from 'express'
import { pino } from 'pino'
import request from 'supertest'
import {
  type AuthorizeTopic,
  ConfigError,
  createSyncServer,
  type SyncServer,
  type SyncServerOptions,
} from '../../server/createSyncServer.js'
import { Api } from '../support/Api.js'
import { expectServed } from '../support/canary.js'
import { type GuestServer, startGuestServer } from '../support/guestServer.js'
import { startHostProcess } from '../support/hostProcess.js'
import { SocketClient } from '../support/SocketClient.js'
import { startTestServer } from '../support/testServer.js'
import { waitFor } from '../support/waitFor.js'

let guest: GuestServer | undefined
afterEach(async () => {
  await guest?.close()
  guest = undefined
})

async function start(...options: Parameters<typeof startGuestServer>): Promise<GuestServer> {
  guest = await startGuestServer(...options)
  return guest
}

describe('createSyncServer', () => {
  it.each(['messageTTL', 'authorise', 'AUTHENTICATE', 'cors'])(
    'refuses an option that it does not know, by its name: %s',
    async (name) => {
      const options = { [name]: 1 } as SyncServerOptions
      const refused = createSyncServer(options)
      await expect(refused).rejects.toThrow(ConfigError)
      await expect(refused).rejects.toThrow(new RegExp(`^${name} is not a setting`))
    },
  )
})

describe('attach', () => {
  it('throws for a server that it has already, which is served as before', async () => {
    const { sync, app, host, url } = await start()
    expect(() => sync.attach({ app, server: host })).toThrow(/attached already/)
    await expectServed(url)
  })

  it.each<[string, (guest: GuestServer) => object | undefined]>([
    ['nothing', () => undefined],
    ['no server', ({ app }) => ({ app })],
    ['no app', ({ host }) => ({ server: host })],
    ['both the wrong way round', ({ app, host }) => ({ app: host, server: app })],
  ])('says what it needs when it is given %s', async (_what, hostOf) => {
    const { sync, host } = await start()
    const listeners = host.listenerCount('upgrade')
    const attach = sync.attach as (host?: object) => void
    const act = () => attach(hostOf(guest!))
    expect(act).toThrow(ConfigError)
    expect(act).toThrow(/\{ app, server \}/)
    expect(host.listenerCount('upgrade')).toBe(listeners)
  })
})

describe('open mode', () => {
  it.each(['authenticate', 'authJwtSecret', 'authJwksUrl'])(
    'is not what %s means where it could not be read',
    async (key) => {
      const starting = createSyncServer({ [key]: undefined, logLevel: 'silent' })
      await expect(starting).rejects.toThrow(`${key} is undefined`)
    },
  )

  it.each([
    ['is told of where it has other names', { allowedHosts: ['a.example.com'] }, true],
    ['is told of behind a proxy', { trustProxy: 1 }, true],
    ['is not told of on a machine of its own', {}, false],
    [
      'is not told of where tokens are verified',
      { allowedHosts: ['a.example.com'], trustProxy: 1, authJwtSecret: 'x'.repeat(32) },
      false,
    ],
  ])('%s', async (_what, options, isTold) => {
    const lines: string[] = []
    const logger = pino({ level: 'warn' }, { write: (line: string) => lines.push(line) })
    const own = await startGuestServer({ ...options, logger })
    await own.close()
    expect(lines.join('').includes('open mode')).toBe(isTold)
  })
})

describe('listen', () => {
  it('is refused a second time, and the first goes on', async () => {
    const { server, url, close } = await startTestServer()
    await expect(server.listen()).rejects.toThrow(ConfigError)
    await expectServed(url)
    await close()
  })

  it('is refused a second time also before the first has ended', async () => {
    const sync = await createSyncServer({ port: 0, host: '127.0.0.1', logLevel: 'silent' })
    const [first, second] = await Promise.allSettled([sync.listen(), sync.listen()])
    await sync.close()
    expect(first.status).toBe('fulfilled')
    expect(second).toMatchObject({ status: 'rejected', reason: expect.any(ConfigError) })
  })

  it('that is under way when the server is closed leaves nothing open', async () => {
    // A process of its own: one that has something open does not end by itself.
    const host = await startHostProcess(`
      import { pino } from 'pino'
import { createSyncServer } from './dist/server/createSyncServer.js'
      const sync = await createSyncServer({ port: 0, host: '127.0.0.1', logLevel: 'silent' })
      const listening = sync.listen().catch(() => {})
      await sync.close()
      await listening
      console.log('was running at once')
    `)
    try {
      await waitFor('it to end by itself', () => host.child.exitCode !== null, 3000)
      expect(host.child.exitCode).toBe(0)
    } finally {
      await host.kill()
    }
  })

  it('is refused after close', async () => {
    const { server, close } = await startTestServer()
    await close()
    await expect(server.listen()).rejects.toThrow(ConfigError)
    await expect(server.listen()).rejects.toThrow(/close/)
  })
})

describe('publish', () => {
  const undefinedAudiences = [{ userId: undefined }, { roles: undefined }, { topics: undefined }]

  /** What the types forbid, and plain JavaScript does all the time. */
  const draftOf = (audience: object) => ({ type: 'a', ...audience }) as { type: string }

  it.each(undefinedAudiences)(
    'with an audience that is undefined is refused: %p',
    async (audience) => {
      const { sync, url } = await start()
      const [field = ''] = Object.keys(audience)
      for (const refused of [
        sync.publish(draftOf(audience)),
        sync.sync.publishBatch([{ type: 'a', userId: 'ann' }, draftOf(audience)]),
      ]) {
        await expect(refused).rejects.toMatchObject({
          code: 'invalid_message',
          message: expect.stringContaining(field),
        })
      }
      await expectNothingPublished(sync, url)
    },
  )

  it('of a payload over maxPayloadBytes is too_large; one at the limit is delivered', async () => {
    const maxPayloadBytes = 2048
    const { sync, url } = await start({ maxPayloadBytes })
    // As JSON: two quotes, and an é takes two bytes.
    const ofBytes = (bytes: number) => 'é'.repeat((bytes - 2) / 2)
    const draft = (bytes: number) => ({ type: 'a', userId: 'ann', payload: ofBytes(bytes) })
    const tooLarge = draft(maxPayloadBytes + 2)
    for (const refused of [
      sync.publish(tooLarge),
      sync.sync.publishBatch([draft(100), tooLarge]),
      sync.sync.publishDataUpdate('orders', tooLarge.payload, 'ann'),
    ]) {
      await expect(refused).rejects.toMatchObject({ code: 'too_large' })
    }
    await expectNothingPublished(sync, url)
    const { messageId } = await sync.publish(draft(maxPayloadBytes))
    const { body } = await new Api(url, 'dev:ann').poll()
    expect(body.messages).toMatchObject([{ id: messageId, payload: ofBytes(maxPayloadBytes) }])
  })

  async function expectNothingPublished(sync: SyncServer, url: string): Promise<void> {
    expect(sync.stats()).toMatchObject({ published: 0, log: { messages: 0 } })
    expect((await new Api(url, 'dev:ann').poll()).body.count).toBe(0)
  }
})

describe('an authorizeTopic that answers by a promise', () => {
  const answers: [string, () => unknown][] = [
    ['of true', async () => true],
    ['of false', async () => false],
  ]

  it.each(answers)('opens no topic on any door: %s', async (_what, answer) => {
    const authorizeTopic = answer as unknown as AuthorizeTopic
    const { sync, url } = await start({ authorizeTopic })
    const ann = new Api(url, 'dev:ann')
    const socket = await SocketClient.connect(url, { token: 'dev:ann' })
    const internal = { status: 500, body: { success: false, error: { code: 'internal' } } }
    expect(await ann.poll({ topics: 'a' })).toMatchObject(internal)
    expect(await ann.request('GET', '/api/sync/stream?topics=a')).toMatchObject(internal)
    expect(await ann.send({ type: 'a', topics: ['a'] })).toMatchObject(internal)
    const fault = { op: 'error', code: 'internal' }
    expect(await socket.ask({ op: 'subscribe', topics: ['a'] })).toMatchObject(fault)
    expect(await socket.ask({ op: 'subscribe', topics: ['a'], since: '0' })).toMatchObject(fault)
    const message = { type: 'a', topics: ['a'] }
    expect(await socket.ask({ op: 'send', message })).toMatchObject(fault)

    const refused = new SocketClient(url)
    await refused.opened()
    refused.send({ op: 'connect', token: 'dev:ann', topics: ['a'] })
    expect(await refused.next('error')).toMatchObject(fault)
    expect((await refused.closed).code).toBe(1011)

    expect(await sync.publish({ type: 'secret', topics: ['a'] })).toMatchObject({ recipients: 0 })
    await sync.publish({ type: 'end', userId: 'ann' })
    expect((await socket.next('message')).message.type).toBe('end')
    expect(sync.stats()).toMatchObject({ published: 2 })
    await socket.close()
  })
})

describe('behind middleware that says {} where there is no body, as that of Express 4 does', () => {
  const asExpress4: RequestHandler = (req, _res, next) => {
    req.body = req.body ?? {}
    next()
  }

  it('a force without a body is 202, and a send without one 400', async () => {
    const { host, url } = await start({}, (app) => app.use(asExpress4))
    const socket = await SocketClient.connect(url)
    const { body } = await request(host).post('/api/sync/force').expect(202)
    expect(body.recipients).toBe(1)
    expect(await socket.next('resync')).toMatchObject({ reason: 'forced', cursor: body.cursor })
    for (const path of ['send', 'broadcast']) {
      const refused = await request(host).post(`/api/sync/${path}`).expect(400)
      expect(refused.body.error.code).toBe('invalid_request')
    }
    await socket.close()
  })
})
