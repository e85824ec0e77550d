// What options become, and which are refused.

import { expect, it } from '@jest/globals'
import type { ConnectionOptions } from '../../../client/connection/options.js'
import { resolveOptions } from '../../../client/connection/options.js'

const baseUrl = 'https://sync.test/app/'

it('fills in what is left out', () => {
  expect(resolveOptions({ baseUrl })).toEqual({
    baseUrl: 'https://sync.test/app',
    websocketUrl: 'wss://sync.test/app/ws',
    pollingUrl: 'https://sync.test/app/api/sync/poll',
    streamUrl: 'https://sync.test/app/api/sync/stream',
    sendUrl: 'https://sync.test/app/api/sync/send',
    pollingInterval: 5000,
    maxReconnectAttempts: Infinity,
    connectionTimeout: 10_000,
    maxOutbox: 100,
    topics: [],
    since: 'now',
    transports: ['websocket', 'sse', 'long-poll', 'poll'],
  })
})

const BAD: [string, ConnectionOptions][] = [
  ['baseUrl', { baseUrl: '' }],
  ['http://', { baseUrl: 'http://' }],
  ['pollingInterval', { baseUrl, pollingInterval: 0 }],
  ['maxReconnectAttempts', { baseUrl, maxReconnectAttempts: -1 }],
  ['connectionTimeout', { baseUrl, connectionTimeout: Number.NaN }],
  ['maxOutbox', { baseUrl, maxOutbox: 0 }],
  ['"a*"', { baseUrl, topics: ['a*'] }],
  ['""', { baseUrl, topics: [''] }],
  ['too many topics', { baseUrl, topics: Array.from({ length: 51 }, (_, n) => `t${n}`) }],
  ['http://:80/ws', { baseUrl, websocketUrl: 'http://:80/ws' }],
]

it.each(BAD)('names %s where it is wrong', (name, options) => {
  expect(() => resolveOptions(options)).toThrow(
    expect.objectContaining({ code: 'invalid_options', message: expect.stringContaining(name) }),
  )
})
