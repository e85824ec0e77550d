// Every state's answer to every event.

import { describe, expect, it } from '@jest/globals'
import { type Event, next, type State } from '../../../client/connection/machine.js'

const STATES = {
  disconnected: { name: 'disconnected' },
  connecting: { name: 'connecting', attempt: 2 },
  connected: { name: 'connected', attempt: 2, transport: 'sse' },
  waiting: { name: 'waiting', attempt: 2, retryAfterMs: 9 },
  failed: { name: 'failed' },
} as const satisfies Record<State['name'], State>

const LOST = {
  type: 'lost',
  retryAfterMs: 7,
  isFinal: false,
  isSteady: false,
  maxAttempts: 5,
} as const
const EVENTS = {
  connect: { type: 'connect' },
  disconnect: { type: 'disconnect' },
  reconnect: { type: 'reconnect' },
  delivered: { type: 'delivered', transport: 'poll' },
  lost: LOST,
  due: { type: 'due' },
} as const satisfies Record<Event['type'], Event>

const anew = { name: 'connecting', attempt: 0 } as const
const delivered = { name: 'connected', attempt: 2, transport: 'poll' } as const
const backingOff = { name: 'waiting', attempt: 3, retryAfterMs: 7 } as const
const { disconnected, connecting, connected, waiting, failed } = STATES

/** In the order of `EVENTS`. */
const EXPECTED: Record<State['name'], readonly State[]> = {
  disconnected: [anew, disconnected, anew, disconnected, disconnected, disconnected],
  connecting: [connecting, disconnected, anew, delivered, backingOff, connecting],
  connected: [connected, disconnected, anew, delivered, backingOff, connected],
  waiting: [waiting, disconnected, anew, waiting, waiting, { ...anew, attempt: 2 }],
  failed: [anew, disconnected, anew, failed, failed, failed],
}

describe.each(Object.keys(STATES) as State['name'][])('%s', (name) => {
  it.each(Object.keys(EVENTS).map((event, at) => [event as Event['type'], at] as const))(
    'answers %s',
    (event, at) => {
      expect(next(STATES[name], EVENTS[event])).toEqual(EXPECTED[name][at])
    },
  )
})

it('gives the very same state back where an event means nothing', () => {
  expect(next(connected, EVENTS.due)).toBe(connected)
})

it.each([connecting, connected])(
  'fails from $name where coming back would change nothing',
  (state) => {
    expect(next(state, { ...LOST, isFinal: true })).toEqual(failed)
  },
)

it('fails once as many attempts in a row have failed as are allowed', () => {
  expect(next(connecting, { ...LOST, maxAttempts: 3 })).toEqual(failed)
  expect(next(connecting, { ...LOST, maxAttempts: 4 })).toEqual(backingOff)
})

it('begins to count anew after a link that had carried for a while', () => {
  expect(next(connected, { ...LOST, isSteady: true })).toEqual({ ...backingOff, attempt: 0 })
})
