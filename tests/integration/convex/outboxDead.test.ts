// The component of an app on Convex: what can't be delivered is put aside, visibly, and can be sent on
// its way anew; and what might come twice isn't sent again.

import { beforeEach, describe, expect, it, jest } from '@jest/globals'
import { Api } from '../../support/Api.js'
import type { Outbox } from '../../support/convex/Outbox.js'
import { outboxScene } from '../../support/convex/outboxScene.js'
import { answering, refusing, type Trouble } from '../../support/convex/ServerFront.js'
import { startServerProcess } from '../../support/serverProcess.js'
import { waitFor } from '../../support/waitFor.js'

const HOUR = 60 * 60 * 1000
const scene = outboxScene()

// That keys are forgotten too soon is said in the log, too.
beforeEach(() => void jest.spyOn(console, 'warn').mockImplementation(() => {}))

const dead = (outbox: Outbox, count: number) =>
  waitFor(`${count} dead letters`, async () => {
    const letters = await outbox.deadLetters()
    return letters.length === count ? letters : undefined
  })

/** As if all that is in the outbox had been published, and tried, so long before. */
const setBack = (outbox: Outbox, ms: number) =>
  outbox.inside(async ({ db }) => {
    for (const { _id, since, firstAttemptAt } of await db.query('messages').collect()) {
      const first = firstAttemptAt === undefined ? {} : { firstAttemptAt: firstAttemptAt - ms }
      await db.patch('messages', _id, { since: since - ms, ...first })
    }
  })

describe('what the server refuses', () => {
  it('is put aside at once, and holds up nothing that was published with it', async () => {
    const bad = { ...scene.note(0), type: 'sync.mine' }
    const large = scene.note('x'.repeat(70_000))
    await scene.outbox.publish(scene.note(1), bad, scene.note(2), large, scene.note(3))
    await scene.untilEmpty()
    expect(await scene.payloads()).toEqual([1, 2, 3])
    const letters = await scene.outbox.deadLetters()
    expect(letters.map(({ fault }) => fault)).toEqual([
      expect.stringContaining('400 invalid_message: type'),
      expect.stringContaining('413 too_large'),
    ])
    expect(letters[0]).toMatchObject({ type: 'sync.mine', audience: `user:${scene.user}` })
  })

  it.each([
    [403, 'forbidden'],
    [422, 'idempotency_conflict'],
  ])('with %i is not tried again', async (status, code) => {
    scene.front.trouble = refusing(status, code)
    await scene.outbox.publish(scene.note(1))
    const [letter] = await dead(scene.outbox, 1)
    expect(letter).toMatchObject({ fault: `${status} ${code}: for a test`, attempts: 1 })
    expect(scene.front.posted).toHaveLength(1)
  })
})

it('gives up after so many attempts, goes on with the next, and can be asked to try anew', async () => {
  process.env.SYNCLINE_MAX_ATTEMPTS = '3'
  const internal = refusing(500, 'internal')
  scene.front.trouble = (req, res, body) =>
    body.includes('poison') ? internal(req, res, body) : scene.front.pass(req, res, body)
  await scene.outbox.publish(scene.note('poison'))
  await scene.outbox.publish(scene.note('good'))
  const [letter] = await dead(scene.outbox, 1)
  expect(letter?.fault).toBe('failed 3 times; last: 500 internal: for a test')
  await scene.untilEmpty()
  expect(await scene.payloads()).toEqual(['good'])

  scene.front.trouble = undefined
  expect(await scene.outbox.redrive([letter?.id ?? ''])).toBe(1)
  await scene.untilEmpty()
  expect(await scene.payloads()).toEqual(['good', 'poison'])
  expect(await scene.outbox.deadLetters()).toEqual([])
})

describe('what waits for too long', () => {
  it('is put aside without an attempt, and tried again when asked', async () => {
    scene.front.trouble = refusing(503, 'unavailable')
    await scene.outbox.publish(scene.note(1))
    await waitFor('its rest', async () => (await scene.outbox.status()).restsUntil)
    await setBack(scene.outbox, 24 * HOUR)
    await scene.outbox.cron('sweep')
    const [letter] = await dead(scene.outbox, 1)
    expect(letter?.fault).toBe('older than 82800000 ms; last: 503 unavailable: for a test')
    scene.front.trouble = undefined
    expect(await scene.outbox.redrive()).toBe(1)
    await scene.untilEmpty()
    expect(await scene.payloads()).toEqual([1])
  })

  const saying = (facts: object): Trouble =>
    answering(200, JSON.stringify({ success: true, status: 'ok', ...facts }))
  it.each<[string, object, number, number]>([
    ['as it says', { idempotencyTtlMs: 2 * HOUR }, 2 * HOUR, 2 * HOUR],
    ['as servers do by default, where it says nothing', {}, HOUR / 12, 300_000],
  ])(
    'is not sent again when the server may have forgotten its key: %s',
    async (_how, facts, ms, life) => {
      scene.front.trouble = refusing(503, 'unavailable')
      await scene.outbox.publish(scene.note('perhaps there already'))
      await waitFor('its rest', async () => (await scene.outbox.status()).restsUntil)
      await setBack(scene.outbox, ms)
      scene.front.trouble = saying(facts)
      const [letter] = await dead(scene.outbox, 1)
      expect(letter?.fault).toContain(`key may be forgotten (IDEMPOTENCY_TTL_MS is ${life})`)
      expect(scene.front.posted).toHaveLength(1)
    },
  )
})

it('says whether the server remembers keys for long enough, as a service of it', async () => {
  const settings = { SERVICE_TOKENS: 'shop:a-secret-of-this-test', AUTH_JWT_SECRET: 's'.repeat(40) }
  const server = await startServerProcess(settings)
  process.env.SYNCLINE_URL = `${server.url}/`
  process.env.SYNCLINE_TOKEN = 'a-secret-of-this-test'
  try {
    await scene.outbox.cron('ask')
    const short = { idempotencyTtlMs: 300_000, isKeyLifeEnough: false }
    expect(await scene.outbox.status()).toMatchObject(short)
    await scene.outbox.publish(scene.note(1), { type: 'note', everyone: true })
    await scene.untilEmpty()
    expect(await scene.outbox.deadLetters()).toEqual([])
    const { body } = await new Api(server.url, 'a-secret-of-this-test').status()
    expect(Object.keys(body).sort()).toEqual(
      ['idempotencyTtlMs', 'openMode', 'status', 'success', 'uptimeMs'].sort(),
    )
  } finally {
    await server.kill()
  }
})

it('clears dead letters away after a month, in small steps', async () => {
  const buried = (since: number, n = 0) => ({
    ...({ state: 'dead', audience: 'user:x', type: 'note', route: 'send', body: '{}' } as const),
    ...{ committedAt: BigInt(n), attempts: 1, since },
  })
  const now = Date.now()
  const kept = await scene.outbox.inside(async ({ db }) => {
    for (let n = 0; n < 230; n += 1) await db.insert('messages', buried(now - 31 * 24 * HOUR, n))
    return db.insert('messages', buried(now - 29 * 24 * HOUR))
  })
  expect(await scene.outbox.status()).toMatchObject({ dead: 100 })
  await scene.outbox.cron('sweep')
  const [letter] = await dead(scene.outbox, 1)
  expect(letter?.id).toBe(kept)
})
