// What servers do that are of no use: the ways that proxies, portals and broken servers have.

import type { IncomingMessage, ServerResponse } from 'node:http'
import type { WebSocket } from 'ws'

const CURSOR = '1763650000000-1.h0st1le'
const OTHER_CURSOR = '1763650000000-2.h0st1le'
const MESSAGE = { id: 'same', type: 'same', timestamp: 1763650000000, cursor: OTHER_CURSOR }
const CONNECTED = {
  op: 'connected',
  protocol: 1,
  connectionId: 'c',
  userId: 'anonymous',
  cursor: CURSOR,
  resync: false,
  topics: [],
  denied: [],
  heartbeat: 15_000,
  maxPayload: 65_536,
}
/** How often a server that repeats itself does so on one connection, and how fast. */
const REPEATS = { most: 500, everyMs: 5 }

export interface Hostility {
  readonly request: (req: IncomingMessage, res: ServerResponse) => void
  /** Without it, an upgrade is answered as any request. */
  readonly webSocket?: (socket: WebSocket) => void
}

type Answer = (res: ServerResponse, url: string) => void

const status =
  (code: number, headers: Record<string, string> = {}, body = ''): Answer =>
  (res) => {
    res.writeHead(code, headers).end(body)
  }
const json = (res: ServerResponse, body: object): void => {
  res.writeHead(200, { 'Content-Type': 'application/json' }).end(JSON.stringify(body))
}
const page = (cursor: string, rest: object = {}): object => {
  return { success: true, messages: [], cursor, hasMore: false, resync: false, ...rest }
}
const openStream = (res: ServerResponse): void => {
  res.writeHead(200, { 'Content-Type': 'text/event-stream' })
  res.flushHeaders()
}
const event = (name: string, body: object): string =>
  `event: ${name}\ndata: ${JSON.stringify(body)}\n\n`

const always = (answer: Answer): Hostility => ({
  request: (req, res) => answer(res, req.url ?? ''),
})
/** Everything is refused but polls. */
const pollsOnly = (answer: (res: ServerResponse, since: string) => void): Hostility =>
  always((res, url) => {
    const { pathname, searchParams } = new URL(url, 'http://localhost')
    if (pathname.endsWith('/poll')) answer(res, searchParams.get('since') ?? '')
    else status(404)(res, url)
  })

function repeatedly(act: () => void, until: (stop: () => void) => void): void {
  let left = REPEATS.most
  const timer = setInterval(() => {
    left -= 1
    if (left < 0) clearInterval(timer)
    else act()
  }, REPEATS.everyMs)
  until(() => clearInterval(timer))
}

export const HOSTILITIES = {
  'says connected and leaves': {
    request(req, res) {
      if (!req.url?.includes('/stream')) return status(500)(res, '')
      openStream(res)
      res.end(event('connected', CONNECTED))
    },
    webSocket(socket) {
      socket.once('message', () => {
        socket.send(JSON.stringify(CONNECTED))
        socket.close(1001)
      })
    },
  },
  'answers 500': always(status(500)),
  'answers 204': always(status(204)),
  'answers 429': always(status(429)),
  'answers 503 with Retry-After': always(status(503, { 'Retry-After': '2' })),
  'is a captive portal': always(
    status(200, { 'Content-Type': 'text/html' }, '<!doctype html><title>Sign in</title>'),
  ),
  'repeats one message': {
    request(req, res) {
      if (!req.url?.includes('/stream')) return status(500)(res, '')
      openStream(res)
      res.write(event('connected', CONNECTED))
      repeatedly(
        () => res.write(event('message', MESSAGE)),
        (stop) => res.on('close', stop),
      )
    },
    webSocket(socket) {
      socket.send(JSON.stringify(CONNECTED))
      repeatedly(
        () => socket.send(JSON.stringify({ op: 'message', message: MESSAGE })),
        (stop) => socket.on('close', stop),
      )
    },
  },
  'gives pages that lead nowhere': pollsOnly((res) =>
    json(res, page(CURSOR, { messages: [{ ...MESSAGE, cursor: CURSOR }] })),
  ),
  'has always more at the same cursor': pollsOnly((res) =>
    json(res, page(CURSOR, { hasMore: true })),
  ),
  'has always more, going round': pollsOnly((res, since) =>
    json(res, page(since === CURSOR ? OTHER_CURSOR : CURSOR, { hasMore: true })),
  ),
  'holds no poll': pollsOnly((res) => json(res, page(CURSOR))),
  'sends garbage': {
    request: (_, res) => status(500)(res, ''),
    webSocket(socket) {
      socket.send('{"op":"connected","cursor":')
      socket.send(Buffer.from([0, 255, 254]))
    },
  },
  'opens streams and stays mute': always((res, url) => {
    if (url.includes('/stream')) openStream(res)
    else status(500)(res, url)
  }),
} as const satisfies Record<string, Hostility>
