// Where a link reads on, and what it remembers of other links.

import { expect, it } from '@jest/globals'
import { forkOf, remember } from '../../../client/connection/position.js'

it('forks to the same place', () => {
  expect(forkOf({ cursor: '1', repeats: new Set() }).cursor).toBe('1')
  expect(forkOf().cursor).toBeUndefined()
})

it('forks with what was delivered so far, and apart from then on', () => {
  const first = forkOf()
  remember(first, 'a')
  const second = forkOf(first)
  remember(first, 'b')
  expect([...second.repeats]).toEqual(['a'])
})

it('remembers no more than a bounded number of messages', () => {
  const position = forkOf()
  for (let n = 0; n <= 20_000; n += 1) remember(position, String(n))
  expect(position.repeats.size).toBe(20_000)
  expect(position.repeats.has('0')).toBe(false)
  expect(position.repeats.has('20000')).toBe(true)
})
