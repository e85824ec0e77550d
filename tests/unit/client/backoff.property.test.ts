// How long the client waits before it comes back.

import { expect, it } from '@jest/globals'
import fc from 'fast-check'
import { backoffMs } from '../../../client/connection/backoff.js'

const chance = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true })

it('waits anything between nothing and twice as long as the last time, up to 30 seconds', () => {
  fc.assert(
    fc.property(fc.nat(5000), chance, (attempt, random) => {
      const most = Math.min(30_000, 1000 * 2 ** attempt)
      const ms = backoffMs(attempt, () => random)
      expect(ms).toBeGreaterThanOrEqual(0)
      expect(ms).toBeLessThanOrEqual(most)
      expect(ms).toBeCloseTo(random * most, 6)
    }),
  )
})
