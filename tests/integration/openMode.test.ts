// Open mode, in which everybody is an admin: who can reach it, and where it refuses to start.

import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals'
import { pino } from 'pino'
import { ConfigError, createSyncServer } from '../../server/createSyncServer.js'
import { Api } from '../support/Api.js'
import { startGuestServer } from '../support/guestServer.js'
import { httpRequest, UPGRADE_HEADERS } from '../support/httpRequest.js'
import { SocketClient } from '../support/SocketClient.js'
import { StreamClient } from '../support/StreamClient.js'
import { type ServerProcess, spawnServer, startServerProcess } from '../support/serverProcess.js'
import { startTestServer, type TestServer } from '../support/testServer.js'
import { waitFor } from '../support/waitFor.js'

describe('a server that was started without settings', () => {
  let server: ServerProcess
  beforeAll(async () => {
    server = await startServerProcess()
  })
  afterAll(() => server?.kill())

  it('says where it is, that it is open, and a line to try, which works', async () => {
    expect(server.url).toMatch(/^http:\/\/localhost:\d+$/)
    expect(server.output()).toContain('Open mode')
    expect(server.output()).toContain(`curl ${server.url}/api/sync/poll`)
  })

  it('listens on both loopback addresses and on no other', async () => {
    const { port } = new URL(server.url)
    for (const host of ['127.0.0.1', '[::1]', 'localhost']) {
      expect((await new Api(`http://${host}:${port}`).status()).status).toBe(200)
      const socket = await SocketClient.connect(`http://${host}:${port}`)
      await socket.close()
    }
    // All of 127.0.0.0/8 is this machine; who listens everywhere answers there, too.
    await expect(httpRequest(`http://127.0.0.2:${port}/healthz`)).rejects.toThrow('ECONNREFUSED')
  })

  it('takes everybody without a token for an admin called anonymous', async () => {
    const api = new Api(server.url)
    expect((await api.status()).body).toMatchObject({ nodes: 1, openMode: true })
    expect((await api.broadcast({ type: 'a' })).status).toBe(201)
    expect((await SocketClient.connect(server.url)).connected.userId).toBe('anonymous')
  })
})

describe('dev tokens', () => {
  let server: TestServer
  beforeAll(async () => {
    server = await startTestServer()
  })
  afterAll(() => server.close())

  it.each([
    ['dev:ann', 'ann', 403],
    ['dev:ann:admin', 'ann', 201],
    ['dev:ann:manager,admin', 'ann', 201],
    ['dev:ann:nonadmin', 'ann', 403],
    ['dev:ann:Admin', 'ann', 403],
    ['dev:*', '*', 403],
    ['dev:Ünï çödé', 'Ünï çödé', 403],
  ])('%s is %s on every transport, whose broadcast is %i', async (token, userId, status) => {
    const header = Buffer.from(token).toString('latin1')
    expect((await new Api(server.url, header).broadcast({ type: 'a' })).status).toBe(status)
    const stream = await StreamClient.open(server.url, { token: header })
    expect((await stream.next('connected')).data.userId).toBe(userId)
    stream.close()
    const socket = await SocketClient.connect(server.url, { token })
    expect(socket.connected.userId).toBe(userId)
    await socket.close()
  })

  it.each([
    'dev',
    'dev:',
    'dev::admin',
    'dev:ann:',
    'dev:ann:,admin',
    'dev:ann:admin:more',
    'DEV:ann',
    'ann',
    `dev:${'x'.repeat(129)}`,
    'eyJhbGciOiJub25lIn0.eyJzdWIiOiJhZG1pbiJ9.',
  ])('%s is 401 and 4501, never read as absent', async (token) => {
    const api = new Api(server.url, token)
    for (const answer of [await api.poll(), await api.status(), await api.send({ type: 'a' })]) {
      expect(answer).toMatchObject({ status: 401, body: { error: { code: 'unauthorized' } } })
      expect(answer.headers.get('www-authenticate')).toBe('Bearer')
    }
    const socket = new SocketClient(server.url)
    await socket.opened()
    socket.send({ op: 'connect', token })
    expect(await socket.next('error')).toMatchObject({ code: 'unauthorized' })
    expect((await socket.closed).code).toBe(4501)
  })

  it('are taken once: in a header, a frame or not at all', async () => {
    const header = { Authorization: 'Bearer dev:ann' }
    const status = async (path: string, headers: Record<string, string> = {}) =>
      (await httpRequest(`${server.url}${path}`, { headers })).status
    expect(await status('/api/sync/poll?token=dev:ann')).toBe(400)
    expect(await status('/api/sync/poll?ticket=x', header)).toBe(400)
    expect(await status('/api/sync/poll?ticket=x')).toBe(401)
    for (const [headers, path, frame] of [
      [header, '/ws', { token: 'dev:ann' }],
      [{}, '/ws', { token: 'dev:ann', ticket: 'x' }],
      [{}, '/ws?token=dev:ann', {}],
    ] as const) {
      const socket = new SocketClient(server.url, { headers, path })
      await socket.opened()
      socket.send({ op: 'connect', ...frame })
      expect(await socket.next('error')).toMatchObject({ code: 'invalid_request' })
      expect((await socket.closed).code).toBe(4400)
    }
  })
})

describe('a start that would leave the door open is refused', () => {
  it.each<[string, Record<string, string>, string]>([
    ['HOST=0.0.0.0', { HOST: '0.0.0.0' }, 'ALLOW_OPEN_MODE=true'],
    ['HOST=::', { HOST: '::' }, 'ALLOW_OPEN_MODE=true'],
    ['NODE_ENV=production', { NODE_ENV: 'production' }, 'NODE_ENV=production needs authentication'],
    [
      'NODE_ENV=production, whatever is allowed',
      { NODE_ENV: 'production', ALLOW_OPEN_MODE: 'true' },
      'NODE_ENV=production needs authentication',
    ],
    ['an AUTH_JWT_SECRET that is short', { AUTH_JWT_SECRET: 's' }, 'must have at least 32 bytes'],
    ['keys from anywhere', { AUTH_JWKS_URL: 'http://a.b/c' }, 'AUTH_JWKS_URL must be an https://'],
    [
      'a misspelt setting',
      { AUTH_JWT_SECRETS: 's'.repeat(32) },
      'AUTH_JWT_SECRETS is not a setting',
    ],
  ])('with %s', async (_what, env, sentence) => {
    const started = spawnServer({ PORT: '0', ...env })
    await waitFor('it to end', () => started.child.exitCode !== null).finally(started.kill)
    expect(await started.exited).toBe(1)
    expect(started.output()).toContain(sentence)
    expect(started.output()).not.toMatch(/running at|\n\s+at /)
  })

  it('but ALLOW_OPEN_MODE=true opens it, to those who name a Host that is allowed', async () => {
    const env = { HOST: '0.0.0.0', ALLOW_OPEN_MODE: 'true' }
    const server = await startServerProcess(env)
    const { port } = new URL(server.url)
    const url = `http://127.0.0.2:${port}/api/sync/status`
    expect((await httpRequest(url, { headers: { Host: 'evil.example' } })).status).toBe(403)
    expect((await httpRequest(url, { headers: { Host: `localhost:${port}` } })).status).toBe(200)
    await server.kill()
  })
})

describe('as a library', () => {
  const environment = process.env.NODE_ENV
  afterEach(() => {
    process.env.NODE_ENV = environment
  })

  it('refuses production without authenticate, attached or not', async () => {
    process.env.NODE_ENV = 'production'
    for (const options of [{}, { allowOpenMode: true }, { host: '127.0.0.1' }]) {
      await expect(createSyncServer(options)).rejects.toThrow(ConfigError)
      await expect(createSyncServer(options)).rejects.toThrow('pass `authenticate`')
    }
    const authenticate = () => null
    const logger = pino({ level: 'silent' })
    await (await createSyncServer({ authenticate, logger })).close()
  })

  it.each(['0.0.0.0', '::', '192.0.2.1', 'sync.example.com', '::ffff:0.0.0.0'])(
    'refuses the host %s without authenticate',
    async (host) => {
      await expect(createSyncServer({ host })).rejects.toThrow(`HOST=${host} can be reached`)
    },
  )

  it.each([
    ['127.0.0.1', 200, 101],
    ['::1', 200, 101],
    ['::ffff:127.0.0.1', 200, 101],
    ['192.0.2.9', 403, 403],
    ['::ffff:192.0.2.9', 403, 403],
    ['2001:db8::9', 403, 403],
    ['128.0.0.1', 403, 403],
  ])(
    'attached without authenticate, answers the peer %s with %i',
    async (peer, status, upgraded) => {
      // The host may listen where it wants to; what counts is who comes.
      const guest = await startGuestServer({}, (_app, host) => {
        host.on('connection', (socket) => {
          Object.defineProperty(socket, 'remoteAddress', { value: peer })
        })
      })
      const { url } = guest
      expect((await httpRequest(`${url}/api/sync/status`)).status).toBe(status)
      expect((await httpRequest(`${url}/ws`, { headers: UPGRADE_HEADERS })).status).toBe(upgraded)
      await guest.close()
    },
  )
})
