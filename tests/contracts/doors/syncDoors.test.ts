// One suite for every door to /api/sync: in front of Express, behind it where a path is spelled another
// way, and in a host's own app. All give the same answer, to the last header.

import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import type { SyncServerOptions } from '../../../server/createSyncServer.js'
import { startGuestServer } from '../../support/guestServer.js'
import { type HttpAnswer, httpRequest, JSON_HEADERS } from '../../support/httpRequest.js'
import { startTestServer } from '../../support/testServer.js'

const PAGE = 'https://app.example.com'
const LIMIT = 4

const OPTIONS: SyncServerOptions = {
  corsOrigins: PAGE,
  maxPayloadBytes: 2048,
  rateLimitMax: LIMIT,
  rateLimitAdminMax: 1000,
  rateLimitReadMax: 1000,
  async authenticate({ token }) {
    if (token === 'trouble') throw new Error('the users can not be read')
    if (token === undefined || token === 'wrong') return null
    return { userId: token, roles: token === 'admin' ? ['admin'] : [] }
  },
}

/** What a server that listens by itself says beside the API's own headers. */
const OF_A_SERVER_OF_ITS_OWN = [
  'content-security-policy',
  'cross-origin-opener-policy',
  'cross-origin-resource-policy',
  'origin-agent-cluster',
  'referrer-policy',
  'x-content-type-options',
  'x-dns-prefetch-control',
  'x-download-options',
  'x-frame-options',
  'x-permitted-cross-domain-policies',
  'x-xss-protection',
]

interface Door {
  readonly name: string
  /** How a path is spelled to come in by it. */
  readonly spell: (path: string) => string
  readonly beside: readonly string[]
  readonly open: () => Promise<{ readonly url: string; close(): Promise<void> }>
}

const plainly = (path: string) => path
const otherwise = (path: string) => `${path.toUpperCase()}/`

const DOORS: readonly Door[] = [
  {
    name: 'in front of Express',
    spell: plainly,
    beside: OF_A_SERVER_OF_ITS_OWN,
    open: () => startTestServer(OPTIONS),
  },
  {
    name: 'behind it',
    spell: otherwise,
    beside: OF_A_SERVER_OF_ITS_OWN,
    open: () => startTestServer(OPTIONS),
  },
  {
    name: 'in the app of a host',
    spell: plainly,
    beside: [],
    open: () => startGuestServer(OPTIONS, (app) => app.disable('x-powered-by')),
  },
]

interface Asked {
  readonly method: string
  readonly path: string
  readonly headers: Record<string, string>
  readonly body?: string
}

const as = (user: string) => ({ Authorization: `Bearer ${user}` })
const get = (path: string, headers: Record<string, string> = as('ann')): Asked => ({
  method: 'GET',
  path,
  headers,
})
const post = (
  path: string,
  body = '{"type":"a"}',
  headers: Record<string, string> = {},
): Asked => ({
  method: 'POST',
  path,
  headers: { ...as('admin'), ...JSON_HEADERS, ...headers },
  body,
})
const fewTimes = post('/send', '{"type":"a"}', as('few'))

/** In order, since what was published is polled for, and a budget runs out. */
const CASES: readonly [
  what: string,
  status: number,
  asked: Asked,
  says?: Record<string, unknown>,
][] = [
  ['a poll without a token', 401, get('/poll', {}), { 'www-authenticate': 'Bearer' }],
  ['a poll with a wrong token', 401, get('/poll', as('wrong'))],
  ['a poll with two credentials', 400, get('/poll?ticket=a')],
  ['a poll with a token in its URL', 400, get('/poll?token=a', {})],
  ['a poll where users can not be read', 500, get('/poll', as('trouble'))],
  ['a poll of a foreign Host', 403, get('/poll', { ...as('ann'), Host: 'evil.example' })],
  ['an empty poll', 200, get('/poll'), { 'cache-control': 'no-store', vary: 'Origin' }],
  [
    'a poll of an allowed page',
    200,
    get('/poll', { ...as('ann'), Origin: PAGE }),
    {
      'access-control-allow-origin': PAGE,
      'access-control-expose-headers': 'Retry-After,RateLimit,RateLimit-Policy',
    },
  ],
  [
    'a poll of a foreign page',
    200,
    get('/poll', { ...as('ann'), Origin: 'https://evil.example' }),
    {
      'access-control-allow-origin': undefined,
    },
  ],
  ['a poll with a parameter twice', 400, get('/poll?since=0&since=0')],
  ['a poll with a bad cursor', 400, get('/poll?since=x')],
  ['a poll of a topic that is not granted', 403, get('/poll?topics=secret')],
  ['HEAD of a poll', 405, { ...get('/poll'), method: 'HEAD' }, { allow: 'GET' }],
  ['a poll by POST', 405, post('/poll'), { allow: 'GET' }],
  [
    'a preflight',
    204,
    { method: 'OPTIONS', path: '/send', headers: { Origin: PAGE } },
    {
      'access-control-allow-methods': 'GET,POST',
      'access-control-allow-origin': PAGE,
      'access-control-max-age': '600',
    },
  ],
  ['a send by GET', 405, get('/send'), { allow: 'POST' }],
  [
    'a send',
    201,
    post('/send'),
    {
      ratelimit: expect.stringContaining('"publishing"; r=999; t='),
      'ratelimit-policy': expect.stringMatching(/^"publishing"; q=1000; w=900; pk=:\w+=*:$/),
    },
  ],
  ['a send with a key', 201, post('/send', undefined, { 'Idempotency-Key': 'k' })],
  ['a send once more', 200, post('/send', undefined, { 'Idempotency-Key': 'k' })],
  [
    'a send with its key and other content',
    422,
    post('/send', '{"type":"b"}', { 'Idempotency-Key': 'k' }),
  ],
  ['a batch', 201, post('/send', '{"messages":[{"type":"a"},{"type":"b"}]}')],
  ['a send of a foreign page', 403, post('/send', undefined, { Origin: 'https://evil.example' })],
  ['a send without a body', 400, post('/send', '')],
  ['a send of what is not JSON', 400, post('/send', '{')],
  ['a send of what is not UTF-8', 400, post('/send', '\xff')],
  ['a send of what is no message', 400, post('/send', '{"type":1}')],
  ['a send of text', 415, post('/send', undefined, { 'Content-Type': 'text/plain' })],
  [
    'a send that is packed in no known way',
    415,
    post('/send', undefined, { 'Content-Encoding': 'x' }),
  ],
  ['a send that is too large', 413, post('/send', 'x'.repeat(3000))],
  [
    'a send that is larger than a proxy lets through',
    413,
    post('/send', 'x'.repeat((1 << 20) + 1)),
    { connection: 'close' },
  ],
  [
    'a send without an announced length that is too large',
    413,
    post('/send', 'x'.repeat(3000), {
      'Transfer-Encoding': 'chunked',
    }),
    { connection: 'close' },
  ],
  ['a broadcast', 201, post('/broadcast')],
  ['a broadcast by one who may not', 403, post('/broadcast', undefined, as('ann'))],
  [
    'a force',
    202,
    post('/force', '{}'),
    {
      ratelimit: expect.stringContaining('"publishing"; r='),
      'ratelimit-policy': expect.stringMatching(/^"publishing"; q=1000; w=900; pk=:\w+=*:$/),
    },
  ],
  ['a ticket', 201, post('/ticket', '')],
  ['a revocation', 200, post('/revoke', '{"jti":"nobody"}')],
  ['a status', 200, get('/status')],
  ['a stream', 200, get('/stream'), { 'content-type': 'text/event-stream' }],
  ['what is not there', 404, get('/nothing')],
  ['a poll with all that came', 200, get('/poll?since=0', as('admin'))],
  ...Array.from({ length: LIMIT }, (_, n): [string, number, Asked] => [
    `a send within the limit: ${n + 1}`,
    201,
    fewTimes,
  ]),
  [
    'a send over the limit',
    429,
    fewTimes,
    {
      ratelimit: expect.stringContaining('"publishing"; r=0; t='),
      'retry-after': expect.stringMatching(/^\d+$/),
    },
  ],
  [
    'a force over the limit',
    429,
    post('/force', '{}', as('few')),
    {
      ratelimit: expect.stringContaining('"publishing"; r=0; t='),
      'retry-after': expect.stringMatching(/^\d+$/),
    },
  ],
]

/** Without what differs from one answer to the next: times, ids and what is counted down. */
function comparable({ status, headers, body }: HttpAnswer, beside: readonly string[]) {
  const text = JSON.stringify({ headers: { ...headers, date: 'now' }, body })
    .replaceAll(/\d{13}-\d+\.\w+/g, 'cursor')
    .replaceAll(/[\da-f]{8}-[\da-f-]{27}/g, 'id')
    .replaceAll(/\b\d{13}\b/g, '0')
    .replaceAll(/("ticket|"uptimeMs|"bytes|"memoryBytes)":[^,}]+/g, '$1":"…"')
    .replaceAll(/t=\d+|come back in \d+/g, 'seconds')
    .replaceAll(/"(retry-after|content-length)":"\d+"/g, '"$1":"…"')
  const said = JSON.parse(text)
  for (const name of beside) delete said.headers[name]
  return { status, ...said }
}

type Open = Door & Awaited<ReturnType<Door['open']>>
let doors: Open[] = []

beforeAll(async () => {
  doors = await Promise.all(DOORS.map(async (door) => ({ ...door, ...(await door.open()) })))
})

afterAll(() => Promise.all(doors.map(({ close }) => close())))

function ask({ url, spell }: Open, { method, path, headers, body }: Asked): Promise<HttpAnswer> {
  const [place = '', query] = path.split('?')
  const whole = spell(`/api/sync${place}`) + (query === undefined ? '' : `?${query}`)
  const bytes = body === undefined ? {} : { body: Buffer.from(body, 'latin1') }
  return httpRequest(url + whole, { method, headers, ...bytes })
}

describe('every door to the API', () => {
  it.each(CASES)(
    'answers %s with %i, all in the same words',
    async (_what, status, asked, says = {}) => {
      const answers = await Promise.all(doors.map((door) => ask(door, asked)))
      expect(answers[0]?.status).toBe(status)
      for (const [name, value] of Object.entries(says)) {
        expect(answers[0]?.headers[name]).toEqual(value)
      }
      const [first, ...others] = answers.map((answer, n) =>
        comparable(answer, doors[n]?.beside ?? []),
      )
      for (const other of others) expect(other).toEqual(first)
    },
  )

  it('calls a caller the same on every route that counts writes', async () => {
    for (const door of doors) {
      const [send, force] = await Promise.all([
        ask(door, post('/send')),
        ask(door, post('/force', '{}')),
      ])
      expect(send.headers['ratelimit-policy']).toBe(force.headers['ratelimit-policy'])
    }
  })

  it('says beside it what keeps a page safe, where the server is its own', async () => {
    const answers = await Promise.all(doors.map((door) => ask(door, get('/poll'))))
    for (const [n, { headers }] of answers.entries()) {
      const said = OF_A_SERVER_OF_ITS_OWN.filter((name) => headers[name] !== undefined)
      expect(said).toEqual(doors[n]?.beside)
    }
  })
})
