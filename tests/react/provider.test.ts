// One connection for whatever is mounted, for as long as anything is.

import { afterEach, beforeEach, expect, it, jest } from '@jest/globals'
import { render, renderHook } from '@testing-library/react'
import { Activity, type ActivityProps, createElement, StrictMode, useEffect, useState } from 'react'
import type { ConnectionManager } from '../../client/connection/ConnectionManager.js'
import {
  ConnectionManagerProvider,
  type ConnectionManagerProviderProps,
  useConnectionManager,
  useLastMessage,
  useMessages,
  useResync,
} from '../../client/react/index.js'
import { pseudoRandom } from '../support/pseudoRandom.js'
import { waitFor } from '../support/waitFor.js'
import { Provided, Scene } from './Scene.js'

let scene: Scene

beforeEach(async () => {
  scene = await Scene.start()
})

afterEach(async () => {
  await scene.close()
  jest.restoreAllMocks()
})

const provider = (props: ConnectionManagerProviderProps = {}) =>
  createElement(ConnectionManagerProvider, props)

/** A component that uses every hook. */
function Everything() {
  const { status } = useConnectionManager()
  const messages = useMessages({ topic: 'news' })
  const last = useLastMessage()
  useResync(() => {})
  return createElement('p', null, status, messages.length, last?.id)
}

it('connects when the provider mounts and disconnects when the last one unmounts', async () => {
  const first = render(provider())
  const second = render(provider())
  await scene.untilConnections(1)
  first.unmount()
  await scene.settle()
  await lingered()
  expect(scene.connections).toBe(1)
  second.unmount()
  await scene.untilConnections(0)
  expect(scene.sockets.made).toBe(1)
})

it('makes one connection in StrictMode, and tells of everything once', async () => {
  const told: string[] = []
  const Listener = () => {
    const { onMessage } = useConnectionManager()
    useEffect(() => onMessage(({ type }) => told.push(`handler: ${type}`)), [onMessage])
    useResync(({ reason }) => told.push(`resync: ${reason}`))
    const messages = useMessages({ type: 'news' })
    return createElement('p', null, messages.map(({ payload }) => payload).join())
  }
  const { container } = render(
    createElement(
      ConnectionManagerProvider,
      { onConnected: ({ status }) => told.push(status), config: { token: 'dev:ann:admin' } },
      createElement(Listener),
    ),
    { reactStrictMode: true },
  )
  await scene.untilConnections(1)
  await waitFor('the callback', () => told.includes('connected'))
  await scene.publish({ type: 'news', payload: 'a' })
  await scene.admin.force({ everyone: true })
  await scene.publish({ type: 'end' })
  await waitFor('the end', () => told.includes('handler: end'))
  expect(told).toEqual(['connected', 'handler: news', 'resync: forced', 'handler: end'])
  await waitFor('the message', () => container.textContent === 'a')
  expect(scene.sockets.made).toBe(1)
})

it('tells a provider once, in StrictMode too, of a connection that stands already', async () => {
  render(provider())
  await scene.untilConnections(1)
  const { result } = renderHook(() => useConnectionManager())
  await waitFor('connected', () => result.current.isConnected)
  const onConnected = jest.fn()
  render(provider({ onConnected }), { reactStrictMode: true })
  await scene.settle()
  expect(onConnected).toHaveBeenCalledTimes(1)
})

it('tells each provider of a connection that stands already', async () => {
  render(provider())
  await scene.untilConnections(1)
  const { result } = renderHook(() => useConnectionManager())
  await waitFor('connected', () => result.current.isConnected)
  const onConnected = jest.fn()
  render(provider({ onConnected }))
  await scene.settle()
  expect(onConnected).toHaveBeenCalledTimes(1)
})

it('leaves no connection when it unmounts while it connects', async () => {
  const { unmount } = render(provider())
  await waitFor('a socket', () => scene.sockets.made > 0)
  unmount()
  await waitFor('no socket', () => scene.sockets.open === 0)
  await scene.settle()
  expect([scene.connections, scene.sockets.open]).toEqual([0, 0])
})

it('keeps its connection where the next page mounts a moment later', async () => {
  const { unmount } = render(provider())
  await scene.untilConnections(1)
  unmount()
  await new Promise((resolve) => setTimeout(resolve))
  render(provider())
  await lingered()
  await scene.settle()
  expect(scene.connections).toBe(1)
  expect(scene.sockets.made).toBe(1)
})

it('leaves no connection when it unmounts at once', async () => {
  for (let i = 0; i < 3; i++) render(provider()).unmount()
  await lingered()
  await scene.settle()
  expect(scene.sockets.open).toBe(0)
  expect(scene.connections).toBe(0)
})

it('has one connection after a hundred remounts in one go, and made no other', async () => {
  const at = (key: number) => createElement(StrictMode, { key }, provider())
  const { rerender, unmount } = render(at(0))
  for (let key = 1; key <= 100; key++) rerender(at(key))
  await scene.untilConnections(1)
  await lingered()
  expect(scene.connections).toBe(1)
  expect(scene.sockets.made).toBe(1)
  unmount()
  await scene.untilConnections(0)
})

it('never has more than two connections in a hundred remounts at any pace, and one in the end', async () => {
  const random = pseudoRandom(7)
  for (let i = 0; i < 100; i++) {
    const { unmount } = render(provider())
    await new Promise((resolve) => setTimeout(resolve, random() * 30))
    unmount()
    // Shorter and longer than what an unmounted connection is kept for.
    await new Promise((resolve) => setTimeout(resolve, random() * 80))
  }
  render(provider())
  await scene.untilConnections(1)
  await lingered()
  await scene.settle()
  expect(scene.connections).toBe(1)
  expect(scene.sockets.open).toBe(1)
  expect(scene.sockets.mostOpen).toBeLessThanOrEqual(2)
})

it('shares one connection among all hooks below it', async () => {
  const children = [1, 2, 3].map((key) => createElement(Everything, { key }))
  render(createElement(ConnectionManagerProvider, null, children))
  await scene.untilReaders('news', 1)
  expect(scene.sockets.made).toBe(1)
})

it("gives hooks the provider's connection, not the page's own", async () => {
  const other = await Scene.start()
  const config = { baseUrl: scene.url }
  render(createElement(ConnectionManagerProvider, { config }, createElement(Everything)))
  await scene.untilReaders('news', 1)
  await lingered()
  expect([scene.connections, other.connections]).toEqual([1, 0])
  await other.close()
})

it("shares the page's own connection among hooks that have no provider", async () => {
  const first = render(createElement(Everything))
  const second = render(createElement(Everything))
  await scene.untilReaders('news', 1)
  expect(scene.sockets.made).toBe(1)
  first.unmount()
  await lingered()
  await scene.untilReaders('news', 1)
  second.unmount()
  await scene.untilConnections(0)
  expect(scene.sockets.made).toBe(1)
})

it('hands the same manager to all that share a connection', async () => {
  const managers: ConnectionManager[] = []
  const Taker = () => {
    const { manager } = useConnectionManager()
    managers.push(manager)
    return null
  }
  render(createElement(ConnectionManagerProvider, null, createElement(Taker)))
  render(createElement(Taker))
  expect(new Set(managers).size).toBe(1)
})

it('connects only when asked where autoConnect is false, and disconnects when it unmounts', async () => {
  const { result, unmount } = renderHook(() => useConnectionManager(), {
    wrapper: ({ children }) =>
      createElement(ConnectionManagerProvider, { autoConnect: false }, children),
  })
  await scene.settle()
  expect(scene.sockets.made).toBe(0)
  expect(result.current.status).toBe('disconnected')
  result.current.connect()
  await waitFor('connected', () => result.current.isConnected)
  expect(scene.connections).toBe(1)
  unmount()
  await scene.untilConnections(0)
})

it('connects only when asked where autoConnect is false without a provider', async () => {
  const { result } = renderHook(() => useConnectionManager({ autoConnect: false }))
  await scene.settle()
  expect(scene.sockets.made).toBe(0)
  result.current.connect()
  await waitFor('connected', () => result.current.isConnected)
})

it('takes another address over from the last one, and leaves that one', async () => {
  const other = await Scene.start()
  const { rerender } = render(provider({ config: { baseUrl: other.url } }))
  await other.untilConnections(1)
  rerender(provider({ config: { baseUrl: `${other.url}/`, topics: [] } }))
  await lingered()
  expect(other.connections).toBe(1)
  expect(other.sockets.made).toBe(1)
  rerender(provider({ config: { baseUrl: scene.url } }))
  await scene.untilConnections(1)
  await other.untilConnections(0)
  await other.close()
})

it('refuses another configuration for an address in use, and says which option', async () => {
  const report = jest.spyOn(console, 'error').mockImplementation(() => {})
  render(provider({ config: { pollingInterval: 1000 } }))
  await scene.untilConnections(1)
  expect(() => render(provider({ config: { pollingInterval: 2000 } }))).toThrow(
    expect.objectContaining({
      name: 'ConnectionError',
      code: 'invalid_options',
      message: expect.stringMatching(/^pollingInterval: .*http:\/\/127\.0\.0\.1/),
    }),
  )
  expect(scene.connections).toBe(1)
  report.mockRestore()
})

it('takes another configuration once nothing uses the address any more', async () => {
  const { unmount } = render(provider({ config: { pollingInterval: 1000 } }))
  await scene.untilConnections(1)
  unmount()
  await scene.untilConnections(0)
  render(provider({ config: { pollingInterval: 2000 } }))
  await scene.untilConnections(1)
})

it('keeps its connection when it is rendered again with an equal configuration', async () => {
  const config = () => ({ topics: ['news'], connectionTimeout: 5000 })
  const { rerender } = render(provider({ config: config() }))
  await scene.untilReaders('news', 1)
  rerender(provider({ config: config() }))
  await lingered()
  await scene.settle()
  expect(scene.sockets.made).toBe(1)
})

it('calls the newest onConnected', async () => {
  const told: number[] = []
  const { rerender } = render(provider({ onConnected: () => told.push(1) }))
  rerender(provider({ onConnected: () => told.push(2) }))
  await waitFor('the callback', () => told.length > 0)
  expect(told).toEqual([2])
})

it('calls onConnected once per connection', async () => {
  const told: (string | undefined)[] = []
  const onConnected = ({ transport }: { transport: string | undefined }) => told.push(transport)
  const { result } = renderHook(() => useConnectionManager(), {
    wrapper: ({ children }) => createElement(ConnectionManagerProvider, { onConnected }, children),
  })
  await waitFor('connected', () => told.length === 1)
  result.current.subscribe(['news'])
  await scene.untilReaders('news', 1)
  expect(told.length).toBe(1)
  result.current.disconnect()
  await scene.untilConnections(0)
  result.current.connect()
  await waitFor('connected again', () => told.length === 2)
  expect(told).toEqual(['websocket', 'websocket'])
})

it('disconnects while it is hidden, and shares its connection when it is shown again', async () => {
  const at = (mode: 'visible' | 'hidden') =>
    createElement(Activity, { mode } as ActivityProps, provider())
  const { rerender } = render(at('visible'))
  await scene.untilConnections(1)
  rerender(at('hidden'))
  await scene.untilConnections(0)
  rerender(at('visible'))
  await scene.untilConnections(1)
  render(provider())
  await lingered()
  await scene.settle()
  expect(scene.connections).toBe(1)
})

it('stays connected while what is below it comes and goes', async () => {
  const Toggled = () => {
    const [isOn, setOn] = useState(true)
    return createElement(
      'button',
      { type: 'button', onClick: () => setOn(!isOn) },
      isOn && createElement(Everything),
    )
  }
  const { container } = render(createElement(Provided, null, createElement(Toggled)))
  await scene.untilReaders('news', 1)
  const { made } = scene.sockets
  const button = container.querySelector('button')
  button?.click()
  await scene.untilReaders('news', 0)
  expect(scene.connections).toBe(1)
  button?.click()
  await scene.untilReaders('news', 1)
  expect(scene.sockets.made).toBe(made)
})

/** Longer than an unmounted connection is kept. */
const lingered = () => new Promise((resolve) => setTimeout(resolve, 100))
