// A `connect` that is refused: what is said first, and the code that says whether to come back.

import { describe, expect, it } from '@jest/globals'
import { type Frame, SocketClient } from '../support/SocketClient.js'
import { names } from './scene.js'
import { target, unique } from './target.js'

const server = target()

/** What a socket with this first frame hears, and how it ends. */
async function refusal(
  connect: object,
  options?: ConstructorParameters<typeof SocketClient>[1],
): Promise<{ code: number; reason: string; frames: Frame[] }> {
  const client = new SocketClient(server.url, options)
  await client.opened()
  client.send({ op: 'connect', ...connect })
  const { code, reason } = await client.closed
  return { code, reason, frames: client.frames.all }
}

describe('a `connect`', () => {
  it.each([
    ['an ill-formed topic', ['*']],
    ['a topic with a space', ['a b']],
    ['an empty topic', ['']],
    ['a topic of 201 characters', ['t'.repeat(201)]],
    ['topics that are no list', 'topic'],
    ['a topic that is no text', [1]],
    ['more than 50 topics', names('t', 51)],
    ['topics of more than 4,096 bytes', names('t'.repeat(195), 22)],
  ])('with %s is told `error` invalid_request, then 4400', async (_what, topics) => {
    const { code, frames } = await refusal({ token: `dev:${unique('u')}`, topics })
    expect(code).toBe(4400)
    expect(frames).toEqual([{ op: 'error', code: 'invalid_request', message: expect.any(String) }])
  })
})

describe('a wrong credential', () => {
  it.each([
    ['a wrong token', { token: 'wrong' }],
    ['an empty token', { token: '' }],
    ['an unknown ticket', { ticket: 'wrong' }],
  ])('is closed with 4501 after the upgrade: %s', async (_what, connect) => {
    const { code, frames } = await refusal(connect)
    expect(code).toBe(4501)
    expect(frames.map(({ op }) => op)).not.toContain('connected')
  })

  it.each(['Bearer wrong', 'Basic ZGV2OnU6', 'Bearer', 'dev:u'])(
    'in the header is answered after the upgrade, with 4501: %s',
    async (authorization) => {
      const { code, frames } = await refusal({}, { headers: { Authorization: authorization } })
      expect(code).toBe(4501)
      expect(frames.map(({ op }) => op)).not.toContain('connected')
    },
  )

  it('is never read as none: several at once are invalid_request', async () => {
    const token = `dev:${unique('u')}`
    const headers = { Authorization: `Bearer ${token}` }
    for (const { code, frames } of [
      await refusal({ token }, { headers }),
      await refusal({ token, ticket: 'ticket' }),
    ]) {
      expect(frames).toEqual([expect.objectContaining({ op: 'error', code: 'invalid_request' })])
      expect(code).toBeGreaterThanOrEqual(4000)
    }
  })

  it('is a token in the query, where logs would keep it', async () => {
    const path = `/ws?token=dev:${unique('u')}`
    const client = new SocketClient(server.url, { path })
    await client.opened().catch(() => undefined)
    if (client.socket.readyState === client.socket.OPEN) client.send({ op: 'connect' })
    const { code } = await client.closed
    expect(client.frames.all.map(({ op }) => op)).not.toContain('connected')
    expect(code).toBeGreaterThanOrEqual(4000)
  })
})

it('closes with fixed ASCII words that hold nothing from outside', async () => {
  const outside = 'naïve-ünïcode'
  const reasons = new Map<number, Set<string>>()
  for (const connect of [
    { token: outside },
    { token: 'another' },
    { since: outside },
    { since: 'another' },
    { topics: [outside] },
  ]) {
    const { code, reason } = await refusal(connect)
    reasons.set(code, (reasons.get(code) ?? new Set()).add(reason))
  }
  for (const words of reasons.values()) {
    expect(words.size).toBe(1)
    expect([...words].join()).toMatch(/^[\x20-\x7e]+$/)
  }
  expect([...reasons.keys()].sort()).toEqual([4400, 4501])
})
