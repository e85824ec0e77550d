// The component of an app on Convex, where messages are large: no transaction reads more than Convex lets
// it, or the outbox would stand still for good.

import { afterEach, beforeEach, expect, it } from '@jest/globals'
import { Outbox, setEnvironment } from '../../support/convex/Outbox.js'
import { answering, refusing, ServerFront } from '../../support/convex/ServerFront.js'
import { waitFor } from '../../support/waitFor.js'

const COUNT = 20
/** Together more than a transaction may read, and each less than a document may have. */
const TEXT = 'x'.repeat(900 * 1024)
const receipt = answering(201, '{"success":true,"messageId":"m"}')

let front: ServerFront
let outbox: Outbox
beforeEach(async () => {
  front = await ServerFront.start('http://127.0.0.1:1')
  outbox = new Outbox({}, {}, true)
  setEnvironment(front.url, 'dev:convex:admin')
})
afterEach(async () => {
  front.trouble = receipt
  await outbox.calm()
  await front.close()
})

const untilEmpty = () => waitFor('the outbox to be empty', () => outbox.isEmpty(), 20_000)

async function publishToAll(): Promise<void> {
  for (let n = 0; n < COUNT; n += 1) {
    await outbox.publish({ type: 'note', payload: TEXT, userId: `u${n}` })
  }
}

it('goes on with all audiences when the server is back', async () => {
  front.trouble = (req, res, body) =>
    req.method === 'GET'
      ? answering(200, '{"success":true}')(req, res, body)
      : refusing(503, 'unavailable', { 'Retry-After': '1' })(req, res, body)
  await publishToAll()
  await waitFor('its rest', async () => (await outbox.status()).restsUntil)
  front.posted.length = 0
  front.trouble = (req, res, body) =>
    req.method === 'GET'
      ? answering(200, '{"success":true}')(req, res, body)
      : receipt(req, res, body)
  await untilEmpty()
  expect(new Set(front.posted.map(({ key }) => key)).size).toBe(COUNT)
})

it('shows what was refused, and has it tried anew, in steps', async () => {
  front.trouble = refusing(413, 'too_large')
  await publishToAll()
  await untilEmpty()
  const [first] = await outbox.deadLetters()
  expect(first).toMatchObject({ fault: '413 too_large: for a test', audience: 'user:u0' })
  front.trouble = receipt
  front.posted.length = 0
  let count = 0
  for (let redriven = -1; redriven !== 0; count += redriven) redriven = await outbox.redrive()
  expect(count).toBe(COUNT)
  await untilEmpty()
  expect(new Set(front.posted.map(({ key }) => key)).size).toBe(COUNT)
  expect(await outbox.deadLetters()).toEqual([])
})
