// What a component sees of the connection, and what it can do with it.

import { afterEach, beforeEach, expect, it } from '@jest/globals'
import { renderHook } from '@testing-library/react'
import { useConnectionManager } from '../../client/react/index.js'
import { waitFor } from '../support/waitFor.js'
import { Provided, Scene } from './Scene.js'

let scene: Scene

beforeEach(async () => {
  scene = await Scene.start()
})

afterEach(() => scene.close())

async function connected() {
  const seen: string[] = []
  const hook = renderHook(
    () => {
      const connection = useConnectionManager()
      seen.push(connection.status)
      return connection
    },
    { wrapper: Provided },
  )
  await waitFor('connected', () => hook.result.current.isConnected)
  return { ...hook, seen }
}

it('renders anew with each status', async () => {
  const { result, seen } = await connected()
  expect(seen).toEqual(['disconnected', 'connecting', 'connected'])
  expect(result.current).toMatchObject({
    transport: 'websocket',
    userId: 'anonymous',
    topics: [],
    denied: [],
    attempt: 0,
    error: undefined,
  })
  result.current.disconnect()
  await waitFor('disconnected', () => result.current.status === 'disconnected')
  expect(result.current).toMatchObject({ isConnected: false, transport: undefined })
})

it('does not render anew with messages', async () => {
  const { result, seen } = await connected()
  let count = 0
  result.current.onMessage(() => {
    count += 1
  })
  const before = seen.length
  for (let i = 0; i < 50; i++) await scene.publish({ type: 'news', payload: i })
  await waitFor('the messages', () => count === 50)
  await scene.settle()
  expect(seen.length).toBe(before)
})

it('tells what is subscribed to, and what of it is denied', async () => {
  const { result } = await connected()
  result.current.subscribe(['a', 'b'])
  await waitFor('the topics', () => result.current.topics.length === 2)
  await scene.untilReaders('a', 1)
  result.current.unsubscribe(['a'])
  await waitFor('one topic', () => result.current.topics.join() === 'b')
  await scene.untilReaders('a', 0)
})

it('keeps its methods and, while nothing changes, the whole object the same', async () => {
  const { result, rerender } = await connected()
  const { current: before } = result
  rerender()
  expect(result.current).toBe(before)
  result.current.subscribe(['a'])
  await waitFor('the topic', () => result.current.topics.length === 1)
  expect(result.current).not.toBe(before)
  for (const name of Object.keys(before) as (keyof typeof before)[]) {
    if (typeof before[name] === 'function') expect(result.current[name]).toBe(before[name])
  }
  expect(result.current.manager).toBe(before.manager)
})

it("sends, and resolves with the server's answer", async () => {
  const { result } = await connected()
  const { send } = result.current
  const got = new Promise((resolve) => result.current.onMessage(resolve))
  const sent = await send({ type: 'note', payload: { text: 'hi' } }, { idempotencyKey: 'k' })
  expect(sent).toEqual({
    messageId: expect.stringMatching(/^[0-9a-f-]{36}$/),
    cursor: expect.stringMatching(/^\d+-\d+\.[a-z0-9]+$/),
    timestamp: expect.any(Number),
    duplicate: false,
  })
  expect(await got).toMatchObject({ id: sent.messageId, payload: { text: 'hi' } })
  const again = await send({ type: 'note', payload: { text: 'hi' } }, { idempotencyKey: 'k' })
  expect(again).toMatchObject({ messageId: sent.messageId, duplicate: true })
})

it("rejects with the server's code what the server refuses", async () => {
  const { result } = await connected()
  await expect(result.current.send({ type: 'sync.own' })).rejects.toMatchObject({
    name: 'ConnectionError',
    code: 'invalid_message',
  })
})

it('sends what was said before there was a connection', async () => {
  const { result } = renderHook(() => useConnectionManager(), { wrapper: Provided })
  const sent = await result.current.send({ type: 'note' })
  expect(sent.duplicate).toBe(false)
})

it('connects anew without an interruption', async () => {
  const { result, seen } = await connected()
  const before = seen.length
  result.current.reconnect()
  await waitFor('another socket', () => scene.sockets.made === 2 && scene.sockets.open === 1)
  await scene.settle()
  expect(seen.length).toBe(before)
  expect(scene.connections).toBe(1)
})
