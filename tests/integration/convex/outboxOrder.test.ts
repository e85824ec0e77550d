// The component of an app on Convex: the order of an audience, and deliveries that are cut off.

import { expect, it, jest } from '@jest/globals'
import { internalMutationGeneric as internalMutation } from 'convex/server'
import { v } from 'convex/values'
import * as turns from '../../../convex/component/turns.js'
import { Outbox } from '../../support/convex/Outbox.js'
import { outboxScene } from '../../support/convex/outboxScene.js'
import { refusing } from '../../support/convex/ServerFront.js'
import { waitFor } from '../../support/waitFor.js'

const unavailable = refusing(503, 'unavailable')
const scene = outboxScene({ MAX_MESSAGES_PER_AUDIENCE: '2000' })

const numbers = (from: number, to: number) =>
  Array.from({ length: to - from + 1 }, (_, n) => from + n)

it('keeps the order of 1,000 mutations, of each audience, while the server fails now and then', async () => {
  const users = ['a', 'b', 'c', 'd'].map((name) => `${scene.user}.${name}`)
  const underWay = new Set<string>()
  let requests = 0
  scene.front.trouble = async (req, res, body) => {
    requests += 1
    if (requests % 7 === 3) return unavailable(req, res, body)
    const [user = ''] = /"userId":"[^"]+"/.exec(body) ?? []
    expect(underWay.has(user)).toBe(false)
    if (user !== '') underWay.add(user)
    await scene.front.pass(req, res, body)
    underWay.delete(user)
  }
  for (const hundred of numbers(0, 9)) {
    for (const n of numbers(1, 100)) {
      await scene.outbox.publish(scene.note(hundred * 100 + n, users[n % users.length]))
    }
    // convex-test looks at every row there is: it takes minutes for a thousand at a time.
    await scene.untilEmpty()
  }
  for (const [remainder, user] of users.entries()) {
    const own = numbers(1, 1000).filter((n) => n % users.length === remainder)
    expect(await scene.payloads(user)).toEqual(own)
  }
  expect(scene.front.posted.length).toBeGreaterThan(40)
})

it('puts what waits into few requests', async () => {
  scene.front.trouble = unavailable
  await scene.outbox.publish(...numbers(1, 250).map((n) => scene.note(n)))
  await waitFor('its rest', async () => (await scene.outbox.status()).restsUntil)
  scene.front.posted.length = 0
  scene.front.trouble = undefined
  await scene.untilEmpty()
  expect(await scene.payloads()).toEqual(numbers(1, 250))
  expect(scene.front.posted.map(({ types }) => types.length)).toEqual([100, 100, 50])
})

it('does not fill a request beyond what the server takes', async () => {
  const large = numbers(1, 10).map((n) => ({ n, text: '€'.repeat(5000) }))
  await scene.outbox.publish(...large.map((payload) => scene.note(payload)))
  await scene.untilEmpty()
  expect(await scene.payloads()).toEqual(large)
  expect(await scene.outbox.deadLetters()).toEqual([])
})

it('publishes one message where a delivery dies after its post, before it could tell', async () => {
  const quiet = jest.spyOn(console, 'error').mockImplementation(() => {})
  let isDying = true
  const next = internalMutation({
    args: v.any(),
    handler: (ctx, args) => {
      if (isDying && args.posted !== undefined) throw new Error('out of memory')
      return handlerOf(turns.next)(ctx, args)
    },
  })
  scene.outbox = new Outbox({ './component/turns.js': async () => ({ next }) })
  const { outbox } = scene
  await outbox.publish(scene.note('once'))
  await waitFor('the message', async () => (await scene.payloads()).length === 1)
  await outbox.t.finishInProgressScheduledFunctions()
  expect(String(quiet.mock.calls)).toContain('out of memory')
  quiet.mockRestore()
  isDying = false

  // Its lease holds: nobody else may be at it.
  await outbox.cron('recover')
  await outbox.publish(scene.note('the next'))
  await outbox.t.finishInProgressScheduledFunctions()
  expect(scene.front.posted).toHaveLength(1)

  await outbox.inside(async ({ db }) => {
    for (const { _id } of await db.query('leases').collect()) {
      await db.patch('leases', _id, { expiresAt: Date.now() - 1 })
    }
  })
  await outbox.cron('recover')
  await scene.untilEmpty()
  expect(await scene.payloads()).toEqual(['once', 'the next'])
})

/** What a registered function runs. */
function handlerOf(registered: unknown): (ctx: unknown, args: unknown) => Promise<never> {
  return (registered as { _handler: (ctx: unknown, args: unknown) => Promise<never> })._handler
}
