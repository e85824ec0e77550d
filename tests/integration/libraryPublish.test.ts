// What the code of a host can do with its guest: publish, force, and look.

import { afterEach, beforeEach, expect, it } from '@jest/globals'
import { SyncError, type SyncServer } from '../../server/createSyncServer.js'
import { Api } from '../support/Api.js'
import { type GuestServer, startGuestServer } from '../support/guestServer.js'
import { SocketClient } from '../support/SocketClient.js'
import { waitFor } from '../support/waitFor.js'

let guest: GuestServer
let sync: SyncServer
let url: string

beforeEach(async () => {
  guest = await startGuestServer()
  ;({ sync, url } = guest)
})

afterEach(() => guest.close())

it('publishes to users, roles, topics and everyone', async () => {
  const token = 'dev:ann:manager'
  const socket = await SocketClient.connect(url, { token, topics: ['batch:1'] })
  const other = await SocketClient.connect(url, { token: 'dev:ben' })
  const everyone = await sync.publish({ type: 'to.everyone' })
  await sync.publish({ type: 'to.user', userId: 'ann', payload: { n: 1 } })
  await sync.publish({ type: 'to.role', roles: ['manager'] })
  const topic = await sync.publish({ type: 'to.topic', topics: ['batch:1'] })
  expect(everyone).toMatchObject({ recipients: 2, isDuplicate: false })
  expect(topic).toMatchObject({ recipients: 1, isDuplicate: false })
  await waitFor('all four', () => socket.messages.length === 4)
  expect(socket.messages.map(({ type }) => type)).toEqual([
    'to.everyone',
    'to.user',
    'to.role',
    'to.topic',
  ])
  expect(other.messages.map(({ type }) => type)).toEqual(['to.everyone'])
  const [first] = socket.messages
  const { messageId: id, cursor, timestamp } = everyone
  expect(first).toMatchObject({ id, cursor, timestamp })
  await socket.close()
  await other.close()
})

it('has its own keys, apart from those of every user', async () => {
  const draft = { type: 'a', userId: 'ann' }
  const first = await sync.publish(draft, { idempotencyKey: 'k' })
  const second = await sync.publish(draft, { idempotencyKey: 'k' })
  expect(second).toMatchObject({ messageId: first.messageId, isDuplicate: true, recipients: 0 })
  const api = new Api(url, 'dev:ann')
  expect((await api.send({ type: 'a' }, { 'Idempotency-Key': 'k' })).status).toBe(201)
  await expect(
    sync.publish({ ...draft, payload: 1 }, { idempotencyKey: 'k' }),
  ).rejects.toMatchObject({ code: 'idempotency_conflict' })
})

it('is told with a SyncError what can not be published, and nothing is', async () => {
  const circular: Record<string, unknown> = {}
  circular.self = circular
  const payloads = [circular, 1n, () => {}, Symbol('x'), Number.NaN, new Map(), '\ud800']
  for (const payload of payloads) {
    await expect(sync.publish({ type: 'a', payload })).rejects.toThrow(SyncError)
  }
  await expect(sync.publish({ type: 'sync.own' })).rejects.toThrow(SyncError)
  const misspelt = { type: 'a', user: 'ann' } as { type: string }
  await expect(sync.publish(misspelt)).rejects.toMatchObject({ code: 'invalid_message' })
  expect((await new Api(url).poll()).body.count).toBe(0)
})

it('has a word for each common message', async () => {
  const ann = await SocketClient.connect(url, { token: 'dev:ann:manager' })
  const service = sync.sync
  await service.publishDataUpdate('orders', [1], 'ann')
  await service.publishError({ code: 'E', message: 'failed' }, 'ann')
  await service.publishAnnouncement({ message: 'all' })
  await service.publishAnnouncement({ title: 't', message: 'some' }, ['manager'])
  await service.publishAnnouncement({ message: 'others' }, ['nobody'])
  await service.publishNotification({ title: 't', message: 'm' }, 'ann')
  await service.publishNotification({ title: 't', message: 'm' }, 'ben')
  const forced = await service.forceResync({ userId: 'ann' })
  expect(forced.recipients).toBe(1)
  expect(await ann.next('resync')).toMatchObject({ reason: 'forced', cursor: forced.cursor })
  expect(ann.messages).toMatchObject([
    { type: 'data.updated', payload: { section: 'orders', data: [1] }, userId: 'ann' },
    { type: 'error.occurred', payload: { code: 'E', message: 'failed' }, userId: 'ann' },
    { type: 'system.announcement', payload: { message: 'all' } },
    { type: 'system.announcement', payload: { message: 'some' }, roles: ['manager'] },
    { type: 'notification.new', payload: { title: 't', message: 'm' } },
  ])
  await ann.close()
})

it('sees in stats what an admin sees in the status', async () => {
  await sync.publish({ type: 'a' })
  const socket = await SocketClient.connect(url, { token: 'dev:ann' })
  const told = (await new Api(url).status()).body
  expect(sync.stats()).toMatchObject({
    connections: { total: 1, websocket: 1, sse: 0, longPoll: 0 },
    log: told.log,
    published: 1,
    status: 'ok',
    openMode: true,
  })
  await socket.close()
})

it('can not publish any more once the server is closed', async () => {
  await sync.close()
  await expect(sync.publish({ type: 'late' })).rejects.toMatchObject({ code: 'unavailable' })
})
