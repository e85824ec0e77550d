import { describe, expect, it } from '@jest/globals'
import type { ServerStatus } from '../../../client/dashboard/page/api.js'
import { bytes, rate } from '../../../client/dashboard/server/quantities.js'
import {
  MAX_SAMPLES,
  type Sample,
  withBreaks,
  withSample,
} from '../../../client/dashboard/server/samples.js'

const START = 1_000_000

const status = (uptimeMs: number, published?: number, delivered = published): ServerStatus => ({
  status: 'ok',
  uptimeMs,
  openMode: true,
  ...(published !== undefined && { published }),
  ...(delivered !== undefined && { delivered }),
})

/** Each saying as it is heard: when, and what. */
const heard = (...sayings: readonly (readonly [number, ServerStatus])[]): readonly Sample[] =>
  sayings.reduce<readonly Sample[]>(
    (samples, [at, told]) => withSample(samples, told, START + at),
    [],
  )

const ratesOf = ({ publishedPerSecond, deliveredPerSecond }: Sample) => [
  publishedPerSecond,
  deliveredPerSecond,
]

describe('messages per second', () => {
  it('come from two sayings, and from one nobody can tell', () => {
    const samples = heard([0, status(5000, 100, 300)], [2000, status(7000, 120, 400)])
    expect(samples.map(ratesOf)).toEqual([
      [null, null],
      [10, 50],
    ])
  })

  it('go by the server’s own clock, however long an answer takes', () => {
    const [, last] = heard([0, status(5000, 100)], [3500, status(7000, 120)])
    expect(last && ratesOf(last)).toEqual([10, 10])
  })

  it.each([
    ['whose counters are lower', status(500, 3)],
    ['whose counters are higher', status(500, 900)],
    ['that has been up for longer than the last one was', status(6000, 900)],
  ])('are unknown after a restart, to one %s', (_, told) => {
    const after = heard(
      [0, status(5000, 100)],
      [9000, told],
      [11_000, status(told.uptimeMs + 2000, 1000)],
    )
    expect(after.map(({ publishedPerSecond }) => publishedPerSecond)).toEqual([
      null,
      null,
      (1000 - (told.published ?? 0)) / 2,
    ])
  })

  it('are unknown over a time in which nobody looked', () => {
    const [, last] = heard([0, status(5000, 100)], [60_000, status(65_000, 1000)])
    expect(last && ratesOf(last)).toEqual([null, null])
  })

  it('are unknown where the server tells no counters', () => {
    const samples = heard([0, status(5000)], [2000, status(7000)])
    expect(samples.map(ratesOf)).toEqual([
      [null, null],
      [null, null],
    ])
  })
})

it('keeps a bounded number of samples, the newest', () => {
  const sayings = Array.from({ length: 2 * MAX_SAMPLES }, (_, index) => {
    const ms = index * 2000
    return [ms, status(ms, index)] as const
  })
  const samples = heard(...sayings)
  expect(samples).toHaveLength(MAX_SAMPLES)
  expect(samples[0]?.status.published).toBe(MAX_SAMPLES)
  expect(samples.at(-1)?.status.published).toBe(2 * MAX_SAMPLES - 1)
})

it('breaks a line where two samples do not belong together, and nowhere else', () => {
  const samples = heard(
    [0, status(5000, 1)],
    [2000, status(7000, 2)],
    [60_000, status(1000, 0)],
    [62_000, status(3000, 1)],
  )
  const rows = withBreaks(samples)
  expect(rows.map(({ sample }) => sample?.status.uptimeMs)).toEqual([
    5000,
    7000,
    undefined,
    1000,
    3000,
  ])
  const times = rows.map(({ at }) => at)
  expect([...times].sort((a, b) => a - b)).toEqual(times)
})

it.each([
  [0, '0 B'],
  [999, '999 B'],
  [1023, '1 KiB'],
  [1536, '1.5 KiB'],
  [1023 * 1024, '1 MiB'],
  [94.2 * 2 ** 20, '94 MiB'],
  [2 ** 28, '256 MiB'],
  [1.25 * 2 ** 30, '1.3 GiB'],
  [5000 * 2 ** 40, '5000 TiB'],
])('%d bytes are written %s', (value, text) => {
  expect(bytes(value)).toBe(text)
})

it.each([
  [0, '0'],
  [0.46, '0.5'],
  [9.96, '10'],
  [12.4, '12'],
  [1204.4, '1,204'],
])('%d per second are written %s', (value, text) => {
  expect(rate(value)).toBe(text)
})
