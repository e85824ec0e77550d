// Verdicts are made of ratios within a round, and the median round decides.

import { describe, expect, it } from '@jest/globals'
import { median, quantile, spreadOf } from '../../../bench/harness/statistics.js'
import { judge, type Round, ratio } from '../../../bench/harness/targets.js'

const round = (ours: number, theirs: number): Round => ({
  ours: { load: { cost: ours } },
  theirs: { load: { cost: theirs } },
})

describe('a verdict', () => {
  const rounds = [round(11, 10), round(50, 40), round(10, 10)]

  it('compares within each round, and takes the middle one', () => {
    const verdict = judge(ratio('load', 'ours', 'theirs', { atMost: 1.1 }), rounds)
    expect(verdict).toEqual({
      text: 'load: ours / theirs',
      value: { median: 1.1, min: 1, max: 1.25 },
      limit: '≤ 1.1',
      isMet: true,
    })
  })

  it('misses above its limit, or below it', () => {
    expect(judge(ratio('load', 'ours', 'theirs', { atMost: 1.09 }), rounds).isMet).toBe(false)
    expect(judge(ratio('load', 'theirs', 'ours', { atLeast: 0.95 }), rounds).isMet).toBe(false)
    expect(judge(ratio('load', 'theirs', 'ours', { atLeast: 0.9 }), rounds).isMet).toBe(true)
  })

  it('is no pass where a figure is missing', () => {
    expect(judge(ratio('load', 'ours', 'nobody', { atMost: 9 }), rounds).isMet).toBe(false)
  })
})

describe('statistics', () => {
  it('takes the middle, or the mean of the two in the middle', () => {
    expect(median([3, 1, 2])).toBe(2)
    expect(median([4, 1, 3, 2])).toBe(2.5)
    expect(spreadOf([2, 9, 4])).toEqual({ median: 4, min: 2, max: 9 })
  })

  it('takes what a share of the figures does not exceed', () => {
    const figures = Array.from({ length: 100 }, (_, index) => index + 1)
    expect(quantile(figures, 0.5)).toBe(50)
    expect(quantile(figures, 0.99)).toBe(99)
    expect(quantile([7], 0.99)).toBe(7)
  })
})
