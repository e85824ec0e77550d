// Who the page is: tokens given, refused, renewed and exchanged while components stay mounted.

import { afterEach, beforeEach, expect, it } from '@jest/globals'
import { renderHook } from '@testing-library/react'
import { createElement, type PropsWithChildren } from 'react'
import type { ConnectionError } from '../../client/connection/ConnectionError.js'
import {
  ConnectionManagerProvider,
  type ConnectionManagerProviderProps,
  useConnectionManager,
  useMessages,
} from '../../client/react/index.js'
import { waitFor } from '../support/waitFor.js'
import { Scene } from './Scene.js'

/** Tokens are `dev:<userId>` unless a test says otherwise; these are refused. */
const refused = new Set<string | undefined>()
/** Those that were not, in the order in which they came. */
const accepted: string[] = []
let scene: Scene

beforeEach(async () => {
  refused.clear()
  accepted.length = 0
  scene = await Scene.start({
    authenticate: ({ token }) => {
      if (token === undefined || refused.has(token)) return null
      accepted.push(token)
      const topics = { subscribe: ['*'], publish: ['*'] }
      return { userId: token.split(':')[1] ?? '', roles: ['admin'], topics }
    },
  })
})

afterEach(() => scene.close())

/** Everything that a component may want to know, below a provider whose props can be changed. */
function renderAs(props: ConnectionManagerProviderProps, topic?: string) {
  const given = { props }
  const hook = renderHook(
    () => ({ ...useConnectionManager(), messages: useMessages(topic ? { topic } : {}) }),
    {
      wrapper: ({ children }: PropsWithChildren) =>
        createElement(ConnectionManagerProvider, given.props, children),
    },
  )
  return {
    ...hook,
    change(next: ConnectionManagerProviderProps) {
      given.props = next
      hook.rerender()
    },
    untilUser: (userId: string) =>
      waitFor(`being ${userId}`, () => {
        const { isConnected, userId: now } = hook.result.current
        return isConnected && now === userId
      }),
  }
}

it('passes another token of the same user on, and loses nothing', async () => {
  const { result, change, untilUser } = renderAs({ config: { token: 'dev:ann:1' } })
  await untilUser('ann')
  await scene.publish({ type: 'news', userId: 'ann', payload: 1 })
  change({ config: { token: 'dev:ann:2' } })
  refused.add('dev:ann:1')
  await waitFor('another socket', () => scene.sockets.made === 2 && scene.sockets.open === 1)
  await scene.publish({ type: 'news', userId: 'ann', payload: 2 })
  await waitFor('both', () => result.current.messages.length === 2)
  expect(result.current.messages.map(({ payload }) => payload)).toEqual([1, 2])
})

it("passes another user's token on, and has that user's messages from then on", async () => {
  const { result, change, untilUser } = renderAs({ config: { token: 'dev:ann' } })
  await untilUser('ann')
  change({ config: { token: 'dev:bob' } })
  await untilUser('bob')
  await scene.publish({ type: 'news', userId: 'ann', payload: 'for ann' })
  await scene.publish({ type: 'news', userId: 'bob', payload: 'for bob' })
  await waitFor('a message', () => result.current.messages.length > 0)
  expect(result.current.messages.map(({ payload }) => payload)).toEqual(['for bob'])
  expect(scene.connections).toBe(1)
})

it('goes on reading the topics of what is mounted as another user', async () => {
  const { result, change, untilUser } = renderAs({ config: { token: 'dev:ann' } }, 'orders')
  await untilUser('ann')
  change({ config: { token: 'dev:bob' } })
  await untilUser('bob')
  await scene.settle()
  expect(result.current.topics).toEqual(['orders'])
  await scene.publish({ type: 'news', topics: ['orders'], payload: 1 })
  await waitFor('it', () => result.current.messages.length === 1, 1000)
})

it('shows another user nothing of the last one', async () => {
  const { result, change, untilUser } = renderAs({ config: { token: 'dev:ann' } })
  await untilUser('ann')
  await scene.publish({ type: 'news', userId: 'ann', payload: 'for ann' })
  await waitFor('it', () => result.current.messages.length === 1)
  change({ config: { token: 'dev:bob' } })
  await untilUser('bob')
  expect(result.current.messages).toEqual([])
})

it('stops reading as somebody whose token was taken away', async () => {
  const { result, change, untilUser } = renderAs({ config: { token: 'dev:ann' } })
  await untilUser('ann')
  change({ config: {} })
  await scene.settle()
  await scene.publish({ type: 'news', userId: 'ann', payload: 'for ann' })
  await scene.settle()
  expect(result.current.messages).toEqual([])
})

it('keeps its connection when another component comes with the same token', async () => {
  const config = { token: 'dev:ann' }
  const { result } = renderHook(() => useConnectionManager({ config }))
  await waitFor('connected', () => result.current.isConnected)
  renderHook(() => useConnectionManager({ config }))
  await scene.settle()
  expect(scene.sockets.made).toBe(1)
})

it('is the same user at another address, too', async () => {
  const token = 'dev:ann'
  const { result, change, untilUser } = renderAs({ config: { token } })
  await untilUser('ann')
  const { manager } = result.current
  change({ config: { token, baseUrl: scene.url.replace('127.0.0.1', 'localhost') } })
  expect(result.current.manager).not.toBe(manager)
  await untilUser('ann')
})

it('tells onError of a refused token, and fails', async () => {
  const errors: ConnectionError[] = []
  refused.add('dev:ann')
  const { result } = renderAs({
    config: { token: 'dev:ann' },
    onError: (error) => errors.push(error),
  })
  await waitFor('failed', () => result.current.status === 'failed')
  expect(result.current.error).toMatchObject({ name: 'ConnectionError', code: 'unauthorized' })
  expect(errors.map(({ code }) => code)).toEqual(['unauthorized'])
  expect(scene.connections).toBe(0)
})

it('tells the newest onError', async () => {
  const told: string[] = []
  refused.add('dev:ann')
  const { change, untilUser, result } = renderAs({
    config: { token: 'dev:bob' },
    onError: () => told.push('old'),
  })
  await untilUser('bob')
  change({ config: { token: 'dev:ann' }, onError: ({ code }) => told.push(code) })
  await waitFor('failed', () => result.current.status === 'failed')
  expect(told).toEqual(['unauthorized'])
})

it('goes on with a good token after a refused one', async () => {
  refused.add('dev:ann')
  const { result, change, untilUser } = renderAs({ config: { token: 'dev:ann' } })
  await waitFor('failed', () => result.current.status === 'failed')
  change({ config: { token: 'dev:bob' } })
  await untilUser('bob')
})

it('asks getToken before it connects', async () => {
  let asked = 0
  const { untilUser } = renderAs({
    config: {
      async getToken() {
        asked += 1
        return 'dev:ann'
      },
    },
  })
  await untilUser('ann')
  expect(asked).toBe(1)
  expect(scene.sockets.made).toBe(1)
})

it('asks the newest getToken when the token is no longer good', async () => {
  const config = { transports: ['sse'] } as const
  const { result, change, untilUser } = renderAs({
    config: { ...config, getToken: () => 'dev:ann:1' },
  })
  await untilUser('ann')
  change({ config: { ...config, getToken: () => 'dev:ann:2' } })
  refused.add('dev:ann:1')
  result.current.reconnect()
  await waitFor('the fresh token', () => accepted.at(-1) === 'dev:ann:2')
  await scene.untilConnections(1)
  expect(result.current).toMatchObject({ isConnected: true, userId: 'ann' })
})

it('tells onError when getToken throws at once, and asks again', async () => {
  const told: string[] = []
  let asked = 0
  const { untilUser } = renderAs({
    config: {
      getToken() {
        asked += 1
        if (asked === 1) throw new Error('no session')
        return 'dev:ann'
      },
    },
    onError: ({ code, message }) => told.push(`${code}: ${message}`),
  })
  await untilUser('ann')
  expect(told[0]).toMatch(/^token_failed: .*no session/)
})

it('tells onError when getToken rejects, and asks again', async () => {
  const told: string[] = []
  let asked = 0
  const { untilUser } = renderAs({
    config: {
      async getToken() {
        asked += 1
        if (asked === 1) throw new Error('no session')
        return 'dev:ann'
      },
    },
    onError: ({ code, message }) => told.push(`${code}: ${message}`),
  })
  await untilUser('ann')
  expect(told[0]).toMatch(/^token_failed: .*no session/)
})
