// Messages as components get them, for as long as they are mounted.

import { afterEach, beforeEach, expect, it } from '@jest/globals'
import { renderHook } from '@testing-library/react'
import { useConnectionManager, useLastMessage, useMessages } from '../../client/react/index.js'
import { waitFor } from '../support/waitFor.js'
import { Provided, Scene } from './Scene.js'

let scene: Scene

beforeEach(async () => {
  scene = await Scene.start()
})

afterEach(() => scene.close())

const wrapper = Provided
const payloads = (messages: readonly { readonly payload: unknown }[]) =>
  messages.map(({ payload }) => payload)

async function publish(type: string, from: number, to: number, topics?: string[]) {
  for (let payload = from; payload <= to; payload++) {
    await scene.publish({ type, payload, ...(topics && { topics }) })
  }
}

it('has what came since it was mounted, in order', async () => {
  await publish('news', 1, 3)
  const { result } = renderHook(() => useMessages(), { wrapper })
  expect(result.current).toEqual([])
  await scene.untilConnections(1)
  await publish('news', 4, 33)
  await waitFor('the last one', () => payloads(result.current).at(-1) === 33)
  expect(payloads(result.current)).toEqual(Array.from({ length: 30 }, (_, i) => i + 4))
  expect(result.current[0]).toMatchObject({ type: 'news', id: expect.any(String) })
})

it('keeps the last ones, a hundred unless told how many', async () => {
  const { result } = renderHook(
    () => ({ all: useMessages(), some: useMessages({ type: 'news', limit: 3 }) }),
    { wrapper },
  )
  await scene.untilConnections(1)
  await publish('news', 1, 120)
  await waitFor('the last one', () => payloads(result.current.all).at(-1) === 120)
  expect(payloads(result.current.all)).toEqual(Array.from({ length: 100 }, (_, i) => i + 21))
  expect(payloads(result.current.some)).toEqual([118, 119, 120])
})

it('takes one type alone where it is asked to', async () => {
  const { result } = renderHook(
    () => ({ all: useMessages(), news: useMessages({ type: 'news' }) }),
    { wrapper },
  )
  await scene.untilConnections(1)
  await publish('news', 1, 2)
  await publish('other', 3, 4)
  await waitFor('all', () => result.current.all.length === 4)
  expect(payloads(result.current.news)).toEqual([1, 2])
})

it('does not render anew for messages that it does not take', async () => {
  let renders = 0
  const seen: unknown[] = []
  renderHook(
    () => {
      renders += 1
      return useMessages({ type: 'news' })
    },
    { wrapper },
  )
  const { result } = renderHook(() => useConnectionManager())
  result.current.onMessage((message) => seen.push(message))
  await waitFor('connected', () => result.current.isConnected)
  const before = renders
  await publish('other', 1, 10)
  await waitFor('them', () => seen.length === 10)
  await scene.settle()
  expect(renders).toBe(before)
})

it('reads its topic while it is mounted, and has what is published to it', async () => {
  const { result, unmount } = renderHook(() => useMessages({ type: 'news', topic: 'orders' }), {
    wrapper,
  })
  const rest = renderHook(() => useMessages(), { wrapper })
  await scene.untilReaders('orders', 1)
  await publish('news', 1, 2, ['orders'])
  await publish('news', 3, 4, ['others'])
  await publish('news', 5, 6)
  await publish('news', 7, 7, ['orders', 'others'])
  await waitFor('the last one', () => payloads(result.current).at(-1) === 7)
  expect(payloads(result.current)).toEqual([1, 2, 7])
  unmount()
  await scene.untilReaders('orders', 0)
  const before = rest.result.current.length
  await publish('news', 8, 8, ['orders'])
  await publish('news', 9, 9)
  await waitFor('the last one', () => payloads(rest.result.current).at(-1) === 9)
  expect(rest.result.current.length).toBe(before + 1)
})

it('reads a topic until the last one that asked for it unmounts', async () => {
  const first = renderHook(() => useMessages({ topic: 'orders' }), { wrapper })
  const second = renderHook(() => useMessages({ topic: 'orders' }), { wrapper })
  await scene.untilReaders('orders', 1)
  first.unmount()
  await scene.settle()
  await scene.untilReaders('orders', 1)
  await publish('news', 1, 1, ['orders'])
  await waitFor('it', () => payloads(second.result.current).at(-1) === 1)
  second.unmount()
})

it('goes over to another topic without the messages of the last one', async () => {
  const { result, rerender } = renderHook(({ topic }) => useMessages({ type: 'news', topic }), {
    wrapper,
    initialProps: { topic: 'a' },
  })
  await scene.untilReaders('a', 1)
  await publish('news', 1, 1, ['a'])
  await waitFor('it', () => result.current.length === 1)
  rerender({ topic: 'b' })
  expect(result.current).toEqual([])
  await scene.untilReaders('b', 1)
  await scene.untilReaders('a', 0)
  await publish('news', 2, 2, ['b'])
  await waitFor('it', () => result.current.length === 1)
  expect(payloads(result.current)).toEqual([2])
})

it('reads a topic once in StrictMode, and drops it when it unmounts', async () => {
  const { result, unmount } = renderHook(() => useMessages({ type: 'news', topic: 'a' }), {
    wrapper,
    reactStrictMode: true,
  })
  const keeper = renderHook(() => useConnectionManager(), { wrapper })
  await scene.untilReaders('a', 1)
  await publish('news', 1, 1, ['a'])
  await waitFor('it', () => result.current.length > 0)
  expect(payloads(result.current)).toEqual([1])
  unmount()
  await scene.untilReaders('a', 0)
  expect(keeper.result.current.isConnected).toBe(true)
})

it('returns the same list while nothing comes', async () => {
  const { result, rerender } = renderHook(() => useMessages({ type: 'news' }), { wrapper })
  await scene.untilConnections(1)
  await publish('news', 1, 1)
  await waitFor('it', () => result.current.length === 1)
  const before = result.current
  rerender()
  expect(result.current).toBe(before)
})

it('has the last message alone, of its type and topic', async () => {
  const { result } = renderHook(
    () => ({
      any: useLastMessage(),
      news: useLastMessage({ type: 'news' }),
      orders: useLastMessage({ type: 'news', topic: 'orders' }),
    }),
    { wrapper },
  )
  expect(result.current).toEqual({ any: undefined, news: undefined, orders: undefined })
  await scene.untilReaders('orders', 1)
  await publish('news', 1, 2, ['orders'])
  await publish('news', 3, 4)
  await publish('other', 5, 5)
  await waitFor('the last one', () => result.current.any?.payload === 5)
  expect(result.current.news?.payload).toBe(4)
  expect(result.current.orders?.payload).toBe(2)
})

it('misses nothing while the connection is away', async () => {
  const { result } = renderHook(
    () => ({ messages: useMessages({ type: 'news', topic: 'a' }), ...useConnectionManager() }),
    { wrapper },
  )
  await scene.untilReaders('a', 1)
  await publish('news', 1, 2, ['a'])
  await waitFor('them', () => result.current.messages.length === 2)
  result.current.disconnect()
  await scene.untilConnections(0)
  await publish('news', 3, 4, ['a'])
  result.current.connect()
  await scene.untilReaders('a', 1)
  await publish('news', 5, 5, ['a'])
  await waitFor('the last one', () => payloads(result.current.messages).at(-1) === 5)
  expect(payloads(result.current.messages)).toEqual([1, 2, 3, 4, 5])
})

it('keeps none where the limit is none', async () => {
  const { result } = renderHook(
    () => ({ none: useMessages({ limit: 0 }), last: useLastMessage() }),
    { wrapper },
  )
  await scene.untilConnections(1)
  await publish('news', 1, 2)
  await waitFor('the last one', () => result.current.last?.payload === 2)
  expect(result.current.none).toEqual([])
})

it('keeps what it has when the limit changes', async () => {
  const { result, rerender } = renderHook(({ limit }) => useMessages({ type: 'news', limit }), {
    wrapper,
    initialProps: { limit: 5 },
  })
  await scene.untilConnections(1)
  await publish('news', 1, 4)
  await waitFor('them', () => result.current.length === 4)
  rerender({ limit: 3 })
  await publish('news', 5, 5)
  await waitFor('the last one', () => payloads(result.current).at(-1) === 5)
  expect(payloads(result.current)).toEqual([3, 4, 5])
})
