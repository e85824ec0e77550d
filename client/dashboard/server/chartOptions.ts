// How every chart of the panel is drawn: the last minutes, from zero up, with thin lines.

import type uPlot from 'uplot'
import { EVERY_MS, MAX_SAMPLES } from './samples.js'

/** Seconds, as uPlot counts them. It is the shorter one until there is more to show. */
const SPAN = { least: 60, most: (MAX_SAMPLES * EVERY_MS) / 1000 }
const FONT = '11px Geist, system-ui, sans-serif'
const DIGIT_WIDTH = 6.25
const LABEL_GAP = 8
const POINT_SIZE = 7

export interface ChartOptions {
  readonly size: { readonly width: number; readonly height: number }
  /** One for each line: what paints it, such as `--sse`. */
  readonly colours: readonly string[]
  /** What such a name comes to now, in the theme of the moment. */
  readonly colourOf: (name: string) => string
  readonly format: (value: number) => string
  /** Steps that the value axis may have. */
  readonly steps: readonly number[]
  /** The row under the pointer, in this chart or in one beside it. */
  readonly onHover: (row: number | null) => void
}

export function chartOptions(options: ChartOptions): uPlot.Options {
  const { size, colours, colourOf, onHover } = options
  const colourOfLine = (_: uPlot, line: number) => colourOf(colours[line - 1] ?? '--ink')
  return {
    ...size,
    padding: [6, 4, 0, 0],
    legend: { show: false },
    scales: {
      x: { range: (_, min, max) => [max - spanOf(max - min), max] },
      y: { range: (_, _min, max) => [0, roundedUp(max, options.steps)] },
    },
    series: [
      {},
      ...colours.map(() => ({ stroke: colourOfLine, width: 1.5, points: endPoint(colourOfLine) })),
    ],
    axes: [timeAxis(colourOf), valueAxis(options)],
    cursor: {
      y: false,
      drag: { x: false, y: false },
      points: { size: POINT_SIZE, width: 0, fill: colourOfLine, stroke: colourOfLine },
      sync: { key: 'server' },
    },
    hooks: { setCursor: [({ cursor }) => onHover(cursor.idx ?? null)] },
  }
}

function timeAxis(colourOf: ChartOptions['colourOf']): uPlot.Axis {
  return {
    font: FONT,
    size: 22,
    gap: 4,
    stroke: () => colourOf('--dim'),
    grid: { show: false },
    ticks: { show: false },
    splits: (_, _axis, min, max) => ticksOf(max - min).map((age) => max - age),
    values: ({ scales }, splits) => splits.map((at) => ageText((scales.x?.max ?? at) - at)),
  }
}

function valueAxis({ colourOf, format, steps }: ChartOptions): uPlot.Axis {
  return {
    font: FONT,
    size: (_, values) => widthOf(values ?? []),
    gap: LABEL_GAP - 2,
    space: 32,
    incrs: [...steps],
    stroke: () => colourOf('--dim'),
    grid: { stroke: () => colourOf('--line'), width: 1 },
    ticks: { show: false },
    values: (_, splits) => splits.map(format),
  }
}

const spanOf = (seconds: number): number => Math.min(Math.max(seconds, SPAN.least), SPAN.most)

/** Ages that the time axis names, oldest first; not at its ends, where they would be cut. */
function ticksOf(span: number): readonly number[] {
  const step = span <= 75 ? 15 : span <= 150 ? 30 : 60
  return [4, 3, 2, 1].map((steps) => steps * step).filter((age) => age < 0.92 * span)
}

function ageText(seconds: number): string {
  const age = Math.round(seconds)
  return age % 60 === 0 ? `−${age / 60} min` : `−${age} s`
}

/** Marks how it is now, and shows a first value, of which there is no line yet. */
function endPoint(colour: (_: uPlot, line: number) => string): uPlot.Series.Points {
  return {
    show: true,
    size: 5,
    width: 0,
    fill: colour,
    stroke: colour,
    filter: ({ data: [times] }) => [times.length - 1],
  }
}

/** No wider than what it says, so that the chart stands flush with its name. */
const widthOf = (values: readonly string[]): number =>
  LABEL_GAP + Math.max(1, ...values.map(({ length }) => length)) * DIGIT_WIDTH

/** To a value that stands on the axis, so that the scale moves seldom. */
function roundedUp(max: number | null, steps: readonly number[]): number {
  const [first = 1] = steps
  const least = Math.max(max ?? 0, 2 * first)
  const step = steps.find((each) => each * 4 >= least) ?? least
  return Math.ceil(least / step) * step
}
