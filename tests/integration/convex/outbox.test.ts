// The component of an app on Convex, against a real server: what a mutation publishes comes when it
// commits, to whom it named.

import { expect, it } from '@jest/globals'
import { Api } from '../../support/Api.js'
import { syncline } from '../../support/convex/Outbox.js'
import { outboxScene } from '../../support/convex/outboxScene.js'
import { hanging } from '../../support/convex/ServerFront.js'
import { waitFor } from '../../support/waitFor.js'

const scene = outboxScene()

it('publishes to a user, to roles, to topics and to everyone', async () => {
  const { user, outbox } = scene
  await outbox.publish(
    scene.note({ text: 'for you' }),
    { type: 'note', payload: 1, topics: [`topic.${user}`, 'other'] },
    { type: 'note', payload: 2, roles: [`role.${user}`] },
    { type: 'announcement', payload: user, everyone: true },
  )
  await scene.untilEmpty()
  expect(await scene.payloads()).toEqual([{ text: 'for you' }])
  for (const topic of [`topic.${user}`, 'other']) {
    const found = (await scene.read('x', topic)).find(({ payload }) => payload === 1)
    expect(found).toMatchObject({ type: 'note', topics: [`topic.${user}`, 'other'] })
  }
  const { body } = await new Api(scene.server.url, `dev:x:role.${user}`).poll({ since: 0 })
  expect(body.messages.map(({ payload }: { payload: unknown }) => payload)).toEqual([2, user])
})

it('publishes nothing of a mutation that is rolled back', async () => {
  const failing = scene.outbox.t.mutation(async (ctx) => {
    await ctx.db.insert('notes', { text: 'never' })
    await syncline.publish(ctx, scene.note('never'))
    throw new Error('changed its mind')
  })
  await expect(failing).rejects.toThrow('changed its mind')
  await scene.outbox.publish(scene.note('after'))
  await scene.untilEmpty()
  expect(await scene.payloads()).toEqual(['after'])
  expect(scene.front.posted).toHaveLength(1)
})

it('refuses a message that names nobody; a mutation that catches that goes on', async () => {
  await scene.outbox.t.mutation(async (ctx) => {
    const nobody = { type: 'note', payload: 'to nobody' }
    await expect(syncline.publish(ctx, nobody)).rejects.toThrow('has to name userId')
    const lost = { ...nobody, userId: undefined as unknown as string, topics: ['all'] }
    await expect(syncline.publish(ctx, lost)).rejects.toThrow('userId: is undefined')
    await expect(
      syncline.publish(ctx, { ...scene.note('to all and one'), everyone: true }),
    ).rejects.toThrow('stands alone')
    await syncline.publish(ctx, scene.note('the rest'))
  })
  await scene.untilEmpty()
  expect(await scene.payloads()).toEqual(['the rest'])
})

it.each([
  ['a 64-bit integer', { total: 5n }, '"total" is an integer of 64 bits'],
  ['bytes', { file: new ArrayBuffer(2) }, '"file" is bytes'],
  ['no number', { share: Number.NaN }, '"share" is NaN'],
])('refuses %s, which JSON has not', async (_what, payload, fault) => {
  await expect(scene.outbox.publish(scene.note(payload))).rejects.toThrow(fault)
  expect(await scene.outbox.status()).toMatchObject({ pending: 0 })
})

it('lets mutations commit while the server hangs', async () => {
  process.env.SYNCLINE_TIMEOUT_MS = '1000'
  scene.front.trouble = hanging
  await scene.outbox.publish(scene.note(1))
  await waitFor('the request that hangs', () => scene.front.posted.length === 1)
  for (let n = 2; n <= 20; n += 1) await scene.outbox.publish(scene.note(n))
  // All have committed, and that one request was all that the server has seen.
  expect(await scene.outbox.status()).toMatchObject({ pending: 20 })
  expect(scene.front.posted).toHaveLength(1)
  scene.front.trouble = undefined
  await scene.until(20)
  expect(await scene.payloads()).toEqual(Array.from({ length: 20 }, (_, n) => n + 1))
})

it('keeps neither the address nor the secret in rows or arguments', async () => {
  process.env.SYNCLINE_TIMEOUT_MS = '500'
  process.env.SYNCLINE_TOKEN = 'dev:secret-of-the-deployment:admin'
  scene.front.trouble = hanging
  await scene.outbox.publish(scene.note(1))
  await waitFor('the fault to be noted', async () => (await scene.outbox.status()).fault)
  const kept = await scene.outbox.inside(async ({ db }) => [
    await db.query('messages').collect(),
    await db.query('leases').collect(),
    await db.query('server').collect(),
    await db.system.query('_scheduled_functions').collect(),
  ])
  const text = JSON.stringify(kept, (_key, value) =>
    typeof value === 'bigint' ? String(value) : value,
  )
  expect(text).toContain('delivery:deliver')
  expect(text).toContain('no answer within 500 ms')
  expect(text).not.toContain('secret-of-the-deployment')
  expect(text).not.toContain(new URL(scene.front.url).host)
})
