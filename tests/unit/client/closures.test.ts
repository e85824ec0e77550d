// What each close code means for the client, by its range.

import { expect, it } from '@jest/globals'
import { closureOfCode } from '../../../client/connection/closures.js'

const MIDDLEBOX = [1002, 1003, 1007, 1008]

function kindOf(code: number): string {
  if (code >= 4500) return 'refused'
  if (code === 4401) return 'expired'
  return MIDDLEBOX.includes(code) ? 'unusable' : 'lost'
}

it('tells by the range of the close code alone whether to come back', () => {
  for (let code = 1000; code <= 4999; code += 1) {
    expect([code, closureOfCode(code).kind]).toEqual([code, kindOf(code)])
  }
})

it('says of a final one whether it was for the token', () => {
  expect(closureOfCode(4501).code).toBe('unauthorized')
  expect(closureOfCode(4503).code).toBe('forbidden')
})

it('comes back after codes that are nobody’s', () => {
  for (const code of [0, 999, 5000, 65_535]) expect(closureOfCode(code).kind).toBe('lost')
})
