// A page's one connection per server, for those who don't use hooks, or use both.

import { afterEach, beforeEach, expect, it } from '@jest/globals'
import { renderHook } from '@testing-library/react'
import type { ConnectionManager } from '../../client/connection/ConnectionManager.js'
import {
  getConnectionManager,
  releaseConnectionManager,
} from '../../client/connection/getConnectionManager.js'
import type { ConnectionOptions } from '../../client/connection/options.js'
import { useConnectionManager } from '../../client/react/index.js'
import { Scene } from './Scene.js'

let scene: Scene
const made = new Set<ConnectionManager>()

beforeEach(async () => {
  scene = await Scene.start()
})

afterEach(async () => {
  for (const manager of made) {
    manager.disconnect()
    releaseConnectionManager(manager)
  }
  made.clear()
  await scene.close()
})

function get(options?: ConnectionOptions): ConnectionManager {
  const manager = getConnectionManager(options)
  made.add(manager)
  return manager
}

it('is one per address, however the address is written', () => {
  const manager = get()
  expect(get()).toBe(manager)
  expect(get({})).toBe(manager)
  expect(get({ baseUrl: scene.url })).toBe(manager)
  expect(get({ baseUrl: `${scene.url}/` })).toBe(manager)
  expect(get({ baseUrl: '/' })).toBe(manager)
  const other = get({ baseUrl: 'http://127.0.0.1:1' })
  expect(other).not.toBe(manager)
  expect(get({ baseUrl: 'http://127.0.0.1:1' })).toBe(other)
})

it('opens nothing by itself', async () => {
  get()
  await scene.settle()
  expect(scene.sockets.made).toBe(0)
})

const DIFFERENT: readonly ConnectionOptions[] = [
  { websocketUrl: '/elsewhere' },
  { pollingUrl: '/elsewhere' },
  { streamUrl: '/elsewhere' },
  { sendUrl: '/elsewhere' },
  { pollingInterval: 1 },
  { maxReconnectAttempts: 1 },
  { connectionTimeout: 1 },
  { maxOutbox: 1 },
  { topics: ['b'] },
  { since: '0' },
  { token: 'dev:bob' },
  { transports: ['sse'] },
]

it.each(DIFFERENT)('throws for another value, and names the option: %j', (options) => {
  const manager = get({ topics: ['a'], token: 'dev:ann' })
  const [name] = Object.keys(options)
  const attempt = () => get(options)
  expect(attempt).toThrow(
    expect.objectContaining({
      name: 'ConnectionError',
      code: 'invalid_options',
      message: expect.stringMatching(new RegExp(`^${name}: .*${scene.url}`)),
    }),
  )
  expect(attempt).not.toThrow(/dev:/)
  expect(get({ topics: ['a'] })).toBe(manager)
})

it('does not compare options that are left out or undefined, nor equal ones', () => {
  const options = { topics: ['a'], pollingInterval: 1000, transports: ['websocket'] } as const
  const manager = get(options)
  expect(get()).toBe(manager)
  expect(get({ topics: ['a'] })).toBe(manager)
  expect(get({ ...options, topics: [...options.topics] })).toBe(manager)
  expect(get({ topics: undefined } as unknown as ConnectionOptions)).toBe(manager)
})

it('compares an option that is given later with the default', () => {
  const manager = get()
  expect(get({ pollingInterval: 5000, websocketUrl: '/ws', topics: [] })).toBe(manager)
  expect(() => get({ pollingInterval: 4000 })).toThrow(/^pollingInterval: /)
})

it('does not compare functions: the first ones stay', () => {
  const first = { fetch: () => fetch(''), getToken: () => 'a', WebSocket }
  const manager = get(first)
  expect(
    get({ fetch: () => fetch(''), getToken: () => 'b', WebSocket: class extends WebSocket {} }),
  ).toBe(manager)
  expect(manager.options.getToken).toBe(first.getToken)
})

it('checks options before it compares them', () => {
  get()
  expect(() => get({ topics: ['not a topic'] })).toThrow(/"not a topic" is no topic/)
})

it('is the one that hooks use', () => {
  const manager = get()
  const { result } = renderHook(() => useConnectionManager())
  expect(result.current.manager).toBe(manager)
})
