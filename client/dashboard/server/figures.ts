// What the charts show: each line's name, colour and where its numbers come from.

import { count } from '../page/text.js'
import { bytes, rate } from './quantities.js'
import type { Sample } from './samples.js'

export interface Line {
  readonly name: string
  /** The custom property that paints it. */
  readonly colour: string
  /** `null` where nobody can say. */
  readonly read: (sample: Sample) => number | null
}

export interface FigureOf {
  readonly title: string
  readonly lines: readonly Line[]
  readonly format: (value: number) => string
  /** Steps that the value axis may have, ascending. */
  readonly steps: readonly number[]
}

const DECIMAL = [1, 10, 100, 1e3, 1e4, 1e5, 1e6, 1e7].flatMap((ten) => [ten, 2 * ten, 5 * ten])
const BINARY = Array.from({ length: 31 }, (_, power) => 1024 * 2 ** power)

export const FIGURES: readonly FigureOf[] = [
  {
    title: 'Connections',
    format: count,
    steps: DECIMAL,
    lines: [
      {
        name: 'WebSocket',
        colour: '--websocket',
        read: ({ status }) => status.connections?.websocket ?? null,
      },
      { name: 'SSE', colour: '--sse', read: ({ status }) => status.connections?.sse ?? null },
      {
        name: 'Long-poll',
        colour: '--long-poll',
        read: ({ status }) => status.connections?.longPoll ?? null,
      },
    ],
  },
  {
    title: 'Messages per second',
    format: rate,
    steps: DECIMAL,
    lines: [
      { name: 'Published', colour: '--published', read: (sample) => sample.publishedPerSecond },
      { name: 'Delivered', colour: '--delivered', read: (sample) => sample.deliveredPerSecond },
    ],
  },
  {
    title: 'Memory',
    format: bytes,
    steps: BINARY,
    lines: [
      { name: 'Process', colour: '--process', read: ({ status }) => status.memoryBytes ?? null },
      { name: 'Log', colour: '--log', read: ({ status }) => status.log?.bytes ?? null },
    ],
  },
]

/** One line's value as it is written. */
export function textOf(line: Line, format: FigureOf['format'], sample: Sample | undefined): string {
  const value = sample ? line.read(sample) : null
  return value === null ? '–' : format(value)
}
