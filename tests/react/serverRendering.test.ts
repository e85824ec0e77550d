/**
 * Rendering where there is no page.
 *
 * @jest-environment node
 */

import { afterEach, beforeEach, expect, it, jest } from '@jest/globals'
import { createElement } from 'react'
import { renderToString } from 'react-dom/server'
import type { ConnectionManager } from '../../client/connection/ConnectionManager.js'
import type { ConnectionOptions } from '../../client/connection/options.js'
import {
  ConnectionManagerProvider,
  type ConnectionManagerProviderProps,
  useConnectionManager,
  useLastMessage,
  useMessages,
  useResync,
} from '../../client/react/index.js'

const opened: unknown[] = []
const { WebSocket: ownWebSocket, fetch: ownFetch } = globalThis

beforeEach(() => {
  opened.length = 0
  const note = (...args: unknown[]): never => {
    opened.push(args)
    throw new Error('opened')
  }
  globalThis.WebSocket = note as never
  globalThis.fetch = note
})

afterEach(() => {
  globalThis.WebSocket = ownWebSocket
  globalThis.fetch = ownFetch
})

const managers: ConnectionManager[] = []

function Status() {
  const { status, manager } = useConnectionManager()
  managers.push(manager)
  const messages = useMessages({ topic: 'news' })
  const last = useLastMessage()
  useResync(() => {})
  return createElement('p', null, `${status} ${messages.length} ${last?.type}`)
}

const render = (props?: ConnectionManagerProviderProps) =>
  renderToString(createElement(ConnectionManagerProvider, props, createElement(Status)))

it("renders 'disconnected' and opens nothing", async () => {
  const getToken = jest.fn(() => 'dev:ann')
  const html = [
    render(),
    render({ config: { baseUrl: 'https://sync.example.com', token: 'dev:ann', getToken } }),
    renderToString(createElement(Status)),
  ]
  expect(new Set(html)).toEqual(new Set(['<p>disconnected 0 undefined</p>']))
  await new Promise((resolve) => setTimeout(resolve, 100))
  expect(opened).toEqual([])
  expect(getToken).not.toHaveBeenCalled()
})

it('shares nothing between two renderings', () => {
  managers.length = 0
  render()
  render()
  expect(managers.length).toBe(2)
  expect(managers[0]).not.toBe(managers[1])
})

it.each<ConnectionOptions>([{ baseUrl: '/sync' }, { websocketUrl: '/sync/ws' }])(
  'takes an address that is relative to the page: %j',
  (config) => {
    expect(render({ config })).toContain('disconnected')
  },
)
