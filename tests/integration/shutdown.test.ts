// The end of a server, as its clients and its supervisor see it: the real process, real signals.

import { afterEach, beforeAll, describe, expect, it } from '@jest/globals'
import { Api } from '../support/Api.js'
import { jsonFrame, RawSocket } from '../support/RawSocket.js'
import { SocketClient } from '../support/SocketClient.js'
import { StreamClient } from '../support/StreamClient.js'
import { type ServerProcess, startServerProcess } from '../support/serverProcess.js'
import { waitFor } from '../support/waitFor.js'

const TIMEOUT_MS = 3000
const SPREAD_MS = 4000

let server: ServerProcess

async function start(env: Record<string, string> = {}): Promise<void> {
  server = await startServerProcess({
    LOG_LEVEL: 'info',
    SHUTDOWN_TIMEOUT_MS: String(TIMEOUT_MS),
    RECONNECT_SPREAD_MS: String(SPREAD_MS),
    ...env,
  })
}

afterEach(() => server?.kill())

/** Sends a signal and waits for the drain to have begun. */
async function signal(name: 'SIGTERM' | 'SIGINT'): Promise<number> {
  const at = Date.now()
  server.child.kill(name)
  await waitFor('the drain to begin', () => server.output().includes('"msg":"draining"'))
  return at
}

/** The exit code, and how long it took. Fails where it takes much longer than allowed. */
async function exit(since: number): Promise<{ code: unknown; tookMs: number }> {
  await waitFor('the process to end', () => server.child.exitCode !== null, TIMEOUT_MS + 3000)
  return { code: server.child.exitCode, tookMs: Date.now() - since }
}

/** A client that is behind and does not read holds the drain up until its time has run out. */
async function holdUp(): Promise<RawSocket> {
  const raw = await RawSocket.connected(server.url, { token: 'dev:frozen' })
  raw.freeze()
  const admin = new Api(server.url)
  const payload = 'x'.repeat(60_000)
  await waitFor('it to be behind', async () => {
    for (let sent = 0; sent < 20; sent += 1) {
      await admin.send({ type: 'a', payload, userId: 'frozen' })
    }
    // What is published and not delivered waits in the log for the one that it is for.
    const { delivered, published } = (await admin.status()).body
    return published > delivered
  })
  return raw
}

describe.each(['SIGTERM', 'SIGINT'] as const)('%s', (name) => {
  it('sends every client away in its own words, and ends with 0', async () => {
    await start()
    const token = 'dev:ann'
    const sockets = await Promise.all(
      Array.from({ length: 10 }, () => SocketClient.connect(server.url, { token })),
    )
    const streams = await Promise.all(
      Array.from({ length: 10 }, () => StreamClient.open(server.url, { token })),
    )
    for (const stream of streams) await stream.next('connected')
    const waiting = new SocketClient(server.url)
    await waiting.opened()
    const since = sockets[0]?.connected.cursor
    const held = new Api(server.url, token).poll({ since, wait: 25 })
    const status = async () => (await new Api(server.url).status()).body.connections.longPoll
    await waitFor('the poll to be held', async () => (await status()) === 1)

    const at = await signal(name)
    expect((await held).body).toMatchObject({ count: 0, cursor: since, resync: false })
    expect((await held).status).toBe(200)
    for (const stream of streams) {
      const drain = await stream.next('drain')
      expect(drain.retry).toBe(drain.data.reconnectAfter)
      expect((await stream.next('closed')).data).toEqual({ code: 1012 })
      await stream.ended
      expect(stream.events.all.at(-1)?.event).toBe('closed')
    }
    for (const socket of sockets) {
      await socket.next('drain')
      expect(await socket.closed).toEqual({ code: 1012, reason: 'restarting' })
    }
    expect((await waiting.closed).code).toBe(1012)

    const delays = [
      ...sockets.map(({ frames }) => frames.all.find(({ op }) => op === 'drain').reconnectAfter),
      ...streams.map(({ events }) => events.all.find(({ event }) => event === 'drain')?.retry ?? 0),
    ]
    expect(Math.min(...delays)).toBeGreaterThan(0)
    expect(Math.max(...delays)).toBeLessThan(SPREAD_MS + 1000)
    // Twenty delays over four seconds: together in a fifth of them only by a broken die.
    expect(Math.max(...delays) - Math.min(...delays)).toBeGreaterThan(SPREAD_MS / 5)
    const { code, tookMs } = await exit(at)
    expect(code).toBe(0)
    expect(tookMs).toBeLessThan(TIMEOUT_MS)
  })
})

describe('while the server drains', () => {
  it('it is not ready, takes nothing new, and answers what can be answered', async () => {
    await start()
    const frozen = await holdUp()
    const socket = await SocketClient.connect(server.url, { token: 'dev:ann' })
    const at = await signal('SIGTERM')

    const api = new Api(server.url, 'dev:ann')
    const unavailable = { status: 503, body: { success: false, error: { code: 'unavailable' } } }
    const ready = await api.request('GET', '/readyz')
    expect(ready).toMatchObject(unavailable)
    expect(ready.headers.get('retry-after')).not.toBeNull()
    expect((await api.request('GET', '/healthz')).status).toBe(200)
    for (const answer of [
      await api.send({ type: 'late' }),
      await api.force(),
      await new Api(server.url).broadcast({ type: 'late' }),
      await api.request('GET', '/api/sync/stream'),
    ]) {
      expect(answer).toMatchObject(unavailable)
      expect(answer.headers.get('retry-after')).not.toBeNull()
    }
    expect((await api.poll({ since: 'now', wait: 25 })).body).toMatchObject({ count: 0 })
    expect((await api.status()).body.status).toBe('degraded')
    const late = new SocketClient(server.url)
    expect((await late.closed).code).toBe(1012)

    const refused = await socket.ask({ op: 'send', message: { type: 'late' } })
    expect(refused).toMatchObject({ op: 'error', code: 'unavailable' })
    expect((await socket.closed).code).toBe(1012)
    expect(socket.messages).toEqual([])
    expect((await exit(at)).code).toBe(0)
    await frozen.close()
  })

  it('waits for no one who has never said a word', async () => {
    await start()
    const asking = await RawSocket.open(server.url)
    asking.write('POST /api/sync/send HTTP/1.1\r\n')
    const silent = await RawSocket.open(server.url)
    const at = await signal('SIGTERM')
    await silent.closed
    asking.write('Host: localhost\r\nContent-Length: 2\r\n\r\n{}')
    await waitFor('an answer to who did', () => asking.text.startsWith('HTTP/1.1 '))
    await asking.close()
    expect((await exit(at)).code).toBe(0)
  })

  it('says so by a close code to the very end, to who was about to ask for a WebSocket', async () => {
    await start()
    const raw = await RawSocket.open(server.url)
    // An empty line before a request is no request yet (RFC 9112, section 2.2).
    raw.write('\r\n')
    const at = await signal('SIGTERM')
    await waitFor('it to listen no longer', () =>
      fetch(server.url).then(
        () => false,
        () => true,
      ),
    )
    raw.writeUpgrade()
    await waitFor('the close', () => raw.closeCode ?? (raw.hasEnded ? 'none' : undefined))
    expect(raw.closeCode).toBe(1012)
    await raw.close()
    expect((await exit(at)).code).toBe(0)
  })

  it('a second signal ends it at once', async () => {
    await start({ SHUTDOWN_TIMEOUT_MS: '60000' })
    const frozen = await holdUp()
    await signal('SIGTERM')
    const at = Date.now()
    server.child.kill('SIGINT')
    const { code, tookMs } = await exit(at)
    expect(code).toBe(1)
    expect(tookMs).toBeLessThan(2000)
    await frozen.close()
  })
})

describe('clients that do not co-operate can not hold it up', () => {
  const upgrade = { Host: 'evil.example' }
  const head = 'POST /api/sync/send HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json'

  it.each<[string, (url: string) => Promise<RawSocket>]>([
    ['a WebSocket that is behind and does not read', () => holdUp()],
    [
      'a WebSocket that does not answer the close',
      async (url) => {
        const raw = await RawSocket.connected(url)
        raw.freeze()
        return raw
      },
    ],
    ['a WebSocket that says nothing', (url) => RawSocket.upgraded(url)],
    [
      'a WebSocket that goes on sending',
      async (url) => {
        const raw = await RawSocket.connected(url)
        const timer = setInterval(() => raw.write(jsonFrame({ op: 'ping', ref: 1 })), 5)
        raw.socket.on('close', () => clearInterval(timer))
        return raw
      },
    ],
    [
      'a stream that does not read',
      async (url) => {
        const raw = await RawSocket.open(url)
        raw.write('GET /api/sync/stream HTTP/1.1\r\nHost: localhost\r\n\r\n')
        await waitFor('"connected"', () => raw.text.includes('event: connected'))
        raw.freeze()
        return raw
      },
    ],
    [
      'half a request',
      async (url) => {
        const raw = await RawSocket.open(url)
        raw.write(`${head}\r\nContent-Length: 100\r\n\r\n{`)
        return raw
      },
    ],
    ['a connection without a request', (url) => RawSocket.open(url, { allowHalfOpen: true })],
    [
      'a kept-alive connection',
      async (url) => {
        const raw = await RawSocket.open(url, { allowHalfOpen: true })
        raw.write('GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n')
        await waitFor('the answer', () => raw.text.includes('"ok"'))
        return raw
      },
    ],
    [
      'a refused upgrade that was never hung up',
      async (url) => {
        const raw = await RawSocket.open(url, { allowHalfOpen: true })
        raw.writeUpgrade(upgrade)
        await waitFor('the refusal', () => raw.text.startsWith('HTTP/1.1 403') && raw.hasEnded)
        return raw
      },
    ],
  ])('%s', async (_what, connect) => {
    await start()
    const raw = await connect(server.url)
    const at = await signal('SIGTERM')
    const { code, tookMs } = await exit(at)
    expect(code).toBe(0)
    expect(tookMs).toBeLessThan(TIMEOUT_MS + 1000)
    await raw.close()
  })
})

describe('a server without clients', () => {
  beforeAll(() => start())

  it('ends at once, and can be started again on the same port', async () => {
    const at = await signal('SIGTERM')
    const { code, tookMs } = await exit(at)
    expect(code).toBe(0)
    expect(tookMs).toBeLessThan(1500)
    expect(server.output()).toContain('"msg":"stopped"')
    await start({ PORT: new URL(server.url).port })
    expect((await new Api(server.url).status()).status).toBe(200)
  })
})
