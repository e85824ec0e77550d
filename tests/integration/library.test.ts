// The server as a guest in somebody else's Express app: it serves its own paths and touches
// nothing else.

import type { Server } from 'node:http'
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import express, { type Express } from 'express'
import request from 'supertest'
import { WebSocketServer } from 'ws'
import type { SyncServer } from '../../server/createSyncServer.js'
import { expectServed } from '../support/canary.js'
import { type GuestServer, startGuestServer } from '../support/guestServer.js'
import { RawSocket } from '../support/RawSocket.js'
import { SocketClient } from '../support/SocketClient.js'

let guest: GuestServer
let app: Express
let host: Server
let sync: SyncServer
let url: string

/** Starts a host with a guest between two of its routes. */
async function attach(prepare: (app: Express, host: Server) => void = () => {}): Promise<void> {
  guest = await startGuestServer({}, (app, host) => {
    prepare(app, host)
    app.get('/before', (_req, res) => {
      res.json({ from: 'before' })
    })
  })
  ;({ app, host, sync, url } = guest)
  app.get('/after', (_req, res) => {
    res.json({ from: 'after' })
  })
}

afterEach(() => guest.close())

describe('attached to a host', () => {
  beforeEach(() => attach())

  it('serves all transports beside the host, whose routes go on', async () => {
    await expectServed(url)
    await request(host).get('/before').expect(200, { from: 'before' })
    await request(host).get('/after').expect(200, { from: 'after' })
  })

  it('leaves the paths that are not its own to the host', async () => {
    for (const path of ['/', '/healthz', '/readyz', '/metrics', '/nothing']) {
      const answer = await request(host).get(path).expect(404)
      expect(answer.text).toContain(`Cannot GET ${path}`)
    }
    await request(host).get('/before').set('Host', 'any.example').expect(200)
    await request(host).get('/api/sync/status').set('Host', 'any.example').expect(403)
  })

  it('leaves the settings of the host as they were', async () => {
    const answer = await request(host).get('/after').expect(200)
    expect(answer.headers['x-powered-by']).toBe('Express')
    expect(answer.headers.etag).toBeDefined()
    expect(answer.headers['content-security-policy']).toBeUndefined()
    expect(answer.headers['access-control-allow-origin']).toBeUndefined()
    expect(app.get('etag')).toBe('weak')
    await request(host).get('/after').set('If-None-Match', answer.headers.etag!).expect(304)
  })

  it('sends no ETag and no 304 on its own paths, whatever the host has set', async () => {
    const { headers } = await request(host).get('/api/sync/poll').expect(200)
    expect(headers.etag).toBeUndefined()
    expect(headers['cache-control']).toBe('no-store')
    await request(host).get('/api/sync/poll').set('If-None-Match', '*').expect(200)
  })

  it('answers its own unknown paths and methods itself', async () => {
    const missing = await request(host).get('/api/sync/nothing').expect(404)
    expect(missing.body).toMatchObject({ success: false, error: { code: 'not_found' } })
    const wrong = await request(host).put('/api/sync/send').expect(405)
    expect(wrong.headers.allow).toBe('POST')
    expect(wrong.body.error.code).toBe('method_not_allowed')
    await request(host).head('/api/sync/poll').expect(405)
    await request(host).head('/api/sync/stream').expect(405)
    await request(host).get('/ws').expect(426)
  })

  it('ends alone: close leaves the host running, without an upgrade listener of ours', async () => {
    const socket = await SocketClient.connect(url)
    await sync.close()
    expect((await socket.closed).code).toBe(1012)
    await request(host).get('/after').expect(200)
    expect(host.listening).toBe(true)
    expect(host.listenerCount('upgrade')).toBe(0)
    const refused = await request(host).post('/api/sync/send').send({ type: 'a' }).expect(503)
    expect(refused.headers['retry-after']).toBeDefined()
    await expect(sync.close()).resolves.toBeUndefined()
  })
})

describe('upgrades', () => {
  const echo = (_app: Express, server: Server) => {
    const echoes = new WebSocketServer({ noServer: true })
    echoes.on('connection', (socket) => socket.on('message', (data) => socket.send(data)))
    server.on('upgrade', (req, socket, head) => {
      if (req.url !== '/other') return
      echoes.handleUpgrade(req, socket, head, (accepted) => echoes.emit('connection', accepted))
    })
  }

  it('to a path of the host reach the host, and ours reach us', async () => {
    await attach(echo)
    const other = new SocketClient(url, { path: '/other' })
    await other.opened()
    other.send({ op: 'echo' })
    expect(await other.next('echo')).toEqual({ op: 'echo' })
    await expectServed(url)
    await sync.close()
    other.send({ op: 'still' })
    expect(await other.next('still')).toEqual({ op: 'still' })
    await other.close()
  })

  it.each(['/nothing', '/wsx', '/ws/', '/ws/x', '/', '/api/sync/stream'])(
    'to %s, which nobody has, are answered 404 and not left hanging',
    async (path) => {
      await attach()
      const raw = await RawSocket.open(url)
      raw.writeUpgrade({}, path)
      await raw.closed
      expect(raw.text).toMatch(/^HTTP\/1\.1 404 /)
      expect(raw.text).toContain('"code":"not_found"')
    },
  )

  it('to an unknown path are left alone where the host listens as well', async () => {
    await attach(echo)
    const raw = await RawSocket.open(url)
    raw.writeUpgrade({}, '/nothing')
    await expectServed(url)
    expect(raw.text).toBe('')
    await raw.close()
  })
})

describe('behind the host’s own express.json()', () => {
  beforeEach(() => attach((app) => app.use(express.json({ limit: '10mb' }))))

  it('publishes, forces without a body, and delivers what was sent', async () => {
    await expectServed(url)
    await request(host).post('/api/sync/force').expect(202)
    await request(host).post('/api/sync/force').send({ everyone: true }).expect(202)
    const batch = { messages: [{ type: 'a' }, { type: 'b' }] }
    const { body } = await request(host).post('/api/sync/send').send(batch).expect(201)
    expect(body.results).toHaveLength(2)
  })

  it('keeps to its own limits and refusals', async () => {
    const send = (body: string | object, type = 'application/json') =>
      request(host).post('/api/sync/send').set('Content-Type', type).send(body)
    const large = { type: 'a', payload: 'x'.repeat(70_000) }
    expect((await send(large).expect(413)).body.error.code).toBe('too_large')
    expect((await send('{"type":"a","payload":1e400}').expect(400)).body.success).toBe(false)
    expect((await send('{"type":"a"}', 'text/plain').expect(415)).body.success).toBe(false)
    expect((await send('').expect(400)).body.success).toBe(false)
    await send('{"type":"a","__proto__":{"userId":"x"}}').expect(400)
    await send(`{"type":"a","payload":${'['.repeat(20_000)}${']'.repeat(20_000)}}`).expect(400)
  })

  it('refuses what is nested without end, also where its length is not announced', async () => {
    const { status } = await fetch(`${url}/api/sync/send`, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: new Blob([
        `{"type":"a","payload":${'['.repeat(20_000)}${']'.repeat(20_000)}}`,
      ]).stream(),
      duplex: 'half',
    } as RequestInit)
    expect(status).toBe(400)
  })

  it('answers in JSON to a body that the host could not parse', async () => {
    const { status, body } = await request(host)
      .post('/api/sync/send')
      .set('Content-Type', 'application/json')
      .send('{"type":')
    expect(status).toBe(400)
    expect(body).toMatchObject({ success: false, error: { code: 'invalid_request' } })
  })

  it('answers in JSON to a body that the host could not unpack', async () => {
    const { status, body } = await request(host)
      .post('/api/sync/send')
      .set({ 'Content-Type': 'application/json', 'Content-Encoding': 'gzip' })
      .send('{"type":"not packed"}')
    expect(status).toBe(400)
    expect(body).toMatchObject({ success: false, error: { code: 'invalid_request' } })
  })
})
