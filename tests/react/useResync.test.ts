// When an application is told to fetch its state anew.

import { afterEach, beforeEach, expect, it } from '@jest/globals'
import { renderHook } from '@testing-library/react'
import { useConnectionManager, useLastMessage, useResync } from '../../client/react/index.js'
import { waitFor } from '../support/waitFor.js'
import { Provided, Scene } from './Scene.js'

let scene: Scene

beforeEach(async () => {
  scene = await Scene.start()
})

afterEach(() => scene.close())

it.each([false, true])('calls back once per forced resync (StrictMode: %s)', async (isStrict) => {
  const told: string[] = []
  const { result } = renderHook(
    () => {
      useResync(({ reason }) => told.push(reason))
      return useLastMessage()
    },
    { wrapper: Provided, reactStrictMode: isStrict },
  )
  await scene.untilConnections(1)
  for (const payload of [1, 2]) {
    expect((await scene.admin.force()).body.recipients).toBe(1)
    await scene.publish({ type: 'after', payload })
    await waitFor('what comes after it', () => result.current?.payload === payload)
    expect(told).toEqual(Array.from({ length: payload }, () => 'forced'))
  }
})

it('calls back each component that asked', async () => {
  const told: string[] = []
  renderHook(() => useResync(() => told.push('a')), { wrapper: Provided })
  renderHook(() => useResync(() => told.push('b')), { wrapper: Provided })
  await scene.untilConnections(1)
  await scene.admin.force()
  await waitFor('both', () => told.length === 2)
  await scene.settle()
  expect(told.sort()).toEqual(['a', 'b'])
})

it('calls the newest callback, and none after it has unmounted', async () => {
  const told: number[] = []
  const { rerender, unmount } = renderHook(({ n }) => useResync(() => told.push(n)), {
    wrapper: Provided,
    initialProps: { n: 1 },
  })
  const keeper = renderHook(() => useLastMessage(), { wrapper: Provided })
  await scene.untilConnections(1)
  rerender({ n: 2 })
  await scene.admin.force()
  await waitFor('the callback', () => told.length > 0)
  rerender({ n: 3 })
  await scene.admin.force()
  await waitFor('the callback', () => told.length > 1)
  expect(told).toEqual([2, 3])
  unmount()
  await scene.admin.force()
  await scene.publish({ type: 'after' })
  await waitFor('what comes after it', () => keeper.result.current !== undefined)
  expect(told).toEqual([2, 3])
})

it('calls back when messages were lost while there was no connection', async () => {
  await scene.close()
  scene = await Scene.start({ maxMessagesPerAudience: 2 })
  const told: string[] = []
  const { result } = renderHook(
    () => {
      useResync(({ reason }) => told.push(reason))
      return { last: useLastMessage(), ...useConnectionManager() }
    },
    { wrapper: Provided },
  )
  await waitFor('connected', () => result.current.isConnected)
  result.current.disconnect()
  await scene.untilConnections(0)
  for (let payload = 1; payload <= 5; payload++) await scene.publish({ type: 'news', payload })
  result.current.connect()
  await waitFor('the last one', () => result.current.last?.payload === 5)
  expect(told).toEqual(['evicted'])
})
