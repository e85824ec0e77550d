// The component of an app on Convex, while the server is in trouble: nothing is lost, nothing comes
// twice, and the server is left in peace.

import { describe, expect, it } from '@jest/globals'
import { outboxScene } from '../../support/convex/outboxScene.js'
import {
  answering,
  cutOff,
  hanging,
  refusing,
  type Trouble,
} from '../../support/convex/ServerFront.js'
import { waitFor } from '../../support/waitFor.js'

const scene = outboxScene()

it('delivers all of it, once and in order, when the server is back', async () => {
  scene.front.upstream = 'http://127.0.0.1:1'
  for (let n = 1; n <= 5; n += 1) await scene.outbox.publish(scene.note(n))
  await waitFor('the fault to be noted', async () => (await scene.outbox.status()).fault)
  expect(await scene.outbox.status()).toMatchObject({ pending: 5, dead: 0 })
  scene.front.upstream = scene.server.url
  await scene.untilEmpty()
  expect(await scene.payloads()).toEqual([1, 2, 3, 4, 5])
  await waitFor('that to be forgotten', async () => {
    const { fault, restsUntil } = await scene.outbox.status()
    return fault === undefined && restsUntil === undefined
  })
})

const TROUBLES: [string, Trouble][] = [
  ['answers 500', refusing(500, 'internal')],
  ['answers 503', refusing(503, 'unavailable')],
  ['does not know the token', refusing(401, 'unauthorized')],
  ['answers junk with 200', answering(200, '<html>Welcome to the hotel</html>')],
  ['answers something else with 201', answering(201, '{"success":true}')],
  ['answers 403 by a page', answering(403, '<html>blocked</html>')],
  ['sends elsewhere', answering(302, '', { Location: 'http://127.0.0.1:1/' })],
  ['hangs', hanging],
  ['hangs in the middle of its answer', (_req, res) => void res.write('{"succ')],
]

it.each(TROUBLES)('delivers later where it %s', async (_how, trouble) => {
  process.env.SYNCLINE_TIMEOUT_MS = '150'
  scene.front.trouble = trouble
  await scene.outbox.publish(scene.note(1))
  await scene.outbox.publish(scene.note(2))
  await waitFor('the fault to be noted', () =>
    scene.outbox.inside(async ({ db }) => (await db.query('messages').first())?.fault),
  )
  expect(await scene.outbox.status()).toMatchObject({ pending: 2, dead: 0 })
  scene.front.trouble = undefined
  await scene.untilEmpty()
  expect(await scene.payloads()).toEqual([1, 2])
})

it('delivers one message where the server has it, and could not say so', async () => {
  scene.front.trouble = cutOff(scene.front)
  await scene.outbox.publish(scene.note('once'))
  await waitFor('the message', async () => (await scene.read()).length === 1)
  scene.front.trouble = undefined
  await scene.untilEmpty()
  expect(scene.front.posted.length).toBeGreaterThan(1)
  expect(new Set(scene.front.posted.map(({ key }) => key)).size).toBe(1)
  expect(await scene.payloads()).toEqual(['once'])
})

describe('a server that is away', () => {
  it('is asked how it does, once for all audiences, and posted nothing', async () => {
    process.env.SYNCLINE_RETRY_MS = '200'
    scene.front.trouble = refusing(503, 'unavailable')
    await scene.outbox.publish(scene.note(0))
    await waitFor('its rest', async () => (await scene.outbox.status()).restsUntil)
    const others = Array.from({ length: 50 }, (_, n) => scene.note(n, `${scene.user}.${n}`))
    await scene.outbox.publish(...others)
    const { asked } = scene.front
    await waitFor('it to be asked twice', () => scene.front.asked === asked + 2)
    expect(scene.front.posted).toHaveLength(1)
    scene.front.trouble = undefined
    await scene.untilEmpty()
    for (const [n, { userId }] of others.entries()) {
      expect(await scene.payloads(userId)).toEqual([n])
    }
  })

  it('is posted nothing while it says that it is degraded', async () => {
    scene.front.trouble = (req, res, body) =>
      req.method === 'POST'
        ? refusing(503, 'unavailable')(req, res, body)
        : answering(200, '{"success":true,"status":"degraded"}')(req, res, body)
    await scene.outbox.publish(scene.note(1))
    const fault = async () => (await scene.outbox.status()).fault
    await waitFor('that', async () => (await fault()) === 'Syncline is degraded')
    const { asked } = scene.front
    await waitFor('it to be asked anew', () => scene.front.asked > asked)
    expect(scene.front.posted).toHaveLength(1)
    scene.front.trouble = undefined
    await scene.untilEmpty()
    expect(await scene.payloads()).toEqual([1])
  })

  it('costs no message its attempts, also where it says that it does well', async () => {
    process.env.SYNCLINE_MAX_ATTEMPTS = '2'
    const away = refusing(503, 'unavailable')
    scene.front.trouble = (req, res, body) =>
      req.method === 'POST' ? away(req, res, body) : scene.front.pass(req, res, body)
    await scene.outbox.publish(scene.note(1))
    await waitFor('a few attempts', () => scene.front.posted.length > 3)
    scene.front.trouble = undefined
    await scene.untilEmpty()
    expect(await scene.payloads()).toEqual([1])
  })

  it('is left in peace for as long as it asks for', async () => {
    scene.front.trouble = refusing(429, 'rate_limited', { 'Retry-After': '2' })
    await scene.outbox.publish(scene.note(1))
    const { restsUntil = 0 } = await waitFor('its rest', async () => {
      const status = await scene.outbox.status()
      return status.restsUntil === undefined ? undefined : status
    })
    scene.front.trouble = undefined
    expect(restsUntil - (scene.front.posted[0]?.at ?? 0)).toBeGreaterThanOrEqual(2000)
    await scene.untilEmpty()
    expect(Date.now()).toBeGreaterThanOrEqual(restsUntil)
    expect(scene.front.posted).toHaveLength(2)
  })
})

it('takes no attempt for one where the server says that it is away', async () => {
  process.env.SYNCLINE_MAX_ATTEMPTS = '2'
  scene.front.trouble = (req, res, body) =>
    req.method === 'GET'
      ? scene.front.pass(req, res, body)
      : refusing(503, 'unavailable')(req, res, body)
  await scene.outbox.publish(scene.note(1))
  await waitFor('four attempts', () => scene.front.posted.length >= 4)
  expect((await scene.outbox.status()).dead).toBe(0)
  scene.front.trouble = undefined
  await scene.untilEmpty()
  expect(await scene.payloads()).toEqual([1])
})

it('leaves it in peace for as long as it asks for, also where another is told that it does well', async () => {
  scene.front.trouble = refusing(429, 'rate_limited', { 'Retry-After': '2' })
  await scene.outbox.publish(scene.note(1))
  await waitFor('its rest', async () => (await scene.outbox.status()).restsUntil)
  scene.front.trouble = undefined
  await scene.outbox.cron('ask')
  expect((await scene.outbox.status()).restsUntil).toBeDefined()
  await scene.untilEmpty()
})

it('gives nothing up where the server says that keys live for no time', async () => {
  scene.front.trouble = answering(200, '{"success":true,"idempotencyTtlMs":0}')
  await scene.outbox.publish(scene.note(1))
  await waitFor('it to be asked', () => scene.front.asked >= 3)
  expect(await scene.outbox.status()).toMatchObject({ pending: 1, dead: 0 })
  scene.front.trouble = undefined
  await scene.untilEmpty()
  expect(await scene.payloads()).toEqual([1])
})

it('reads no answer that is too large to be held', async () => {
  scene.front.trouble = answering(201, `{"success":true,"messageId":"${'m'.repeat(1200 * 1024)}"}`)
  await scene.outbox.publish(scene.note(1))
  const fault = await waitFor('the fault', async () => (await scene.outbox.status()).fault)
  expect(fault).toContain('an answer of more than 1048576 bytes')
})

describe('why nothing is delivered', () => {
  const fault = () =>
    waitFor('the fault to be noted', async () => (await scene.outbox.status()).fault)

  it.each<[string, string, string]>([
    ['SYNCLINE_URL', '', 'SYNCLINE_URL must be Syncline’s address'],
    ['SYNCLINE_URL', 'http://user:hush@127.0.0.1:1', 'SYNCLINE_URL must be Syncline’s address'],
    ['SYNCLINE_TOKEN', 'hush\nhush', 'SYNCLINE_TOKEN must be a service’s secret'],
  ])('is said where %s is %j, without secrets', async (name, value, text) => {
    const { [name]: before } = process.env
    process.env[name] = value
    await scene.outbox.publish(scene.note(1))
    expect(await fault()).toContain(text)
    expect(await fault()).not.toContain('hush')
    process.env[name] = before
    await scene.untilEmpty()
  })

  it('is said without the token, also where the server says that back', async () => {
    const token = process.env.SYNCLINE_TOKEN ?? ''
    const echo = { success: false, error: { code: 'odd', message: `no: Bearer ${token}` } }
    scene.front.trouble = answering(503, JSON.stringify(echo))
    await scene.outbox.publish(scene.note(1))
    expect(await fault()).toBe('503 odd: no: Bearer …')
  })
})
