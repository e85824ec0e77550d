// The log by itself: what it holds beside the text, and what appending and sweeping cost as it grows.

import type { Figure, Target } from '../harness/targets.js'
import type { LogCost } from '../log/measureLog.js'
import { SHAPES } from '../log/shapes.js'
import type { Workload } from './Workload.js'

const FEW = 10_000
const MANY = 1_000_000
const MEASURED_WITHIN_MS = 300_000
const MAX_PAUSE_MS = 10
const MAX_GROWTH = 2

const detailOf = (figure: Figure | undefined, name: string) => figure?.detail?.[name] ?? Number.NaN

const targetsOf = (title: string): Target[] => [
  {
    text: `${title}: bytes held / (1.5 × encoded + 200)`,
    value: (round) => detailOf(round.syncline?.[title], 'bytesToAllowed'),
    atMost: 1,
  },
  ...['append', 'sweep'].map((name) => ({
    text: `${title}: ${name} at 1,000,000 / at 10,000`,
    value: (round: Parameters<Target['value']>[0]) =>
      detailOf(round.syncline?.[title], `${name}Growth`),
    atMost: MAX_GROWTH,
  })),
  {
    text: `${title}: longest pause at 1,000,000 in ms`,
    value: (round) => detailOf(round.syncline?.[title], 'longestMs'),
    atMost: MAX_PAUSE_MS,
  },
]

export const W14: Workload = {
  id: 'W14',
  title: 'The log',
  unit: 'bytes per retained message',
  peers: ['syncline'],
  rounds: 1,
  targets: SHAPES.flatMap(({ title }) => targetsOf(title)),
  notes: [
    'Pauses are those of appending, reading and sweeping; the garbage collector’s own are told apart (longestCollectionMs).',
  ],

  async run(_peer, stage) {
    const figures: Record<string, Figure> = {}
    for (const { title } of SHAPES) {
      const measure = async (count: number) => {
        const server = await stage.startServer('syncline-log', { nodeOptions: ['--expose-gc'] })
        const order = { title, count }
        const cost = await server.call<LogCost>('measure', order, MEASURED_WITHIN_MS)
        await server.stop()
        return cost
      }
      figures[title] = figureOf(await measure(FEW), await measure(MANY))
    }
    return figures
  },
}

function figureOf(few: LogCost, many: LogCost): Figure {
  const { bytesEach, encodedBytesEach, append, appendWhenFull, read, sweep } = many
  const turns = [append, appendWhenFull, read, sweep]
  return {
    cost: bytesEach,
    detail: {
      encodedBytes: encodedBytesEach,
      bytesToAllowed: bytesEach / (1.5 * encodedBytesEach + 200),
      appendNs: appendWhenFull.nsEach,
      appendGrowth: appendWhenFull.nsEach / few.appendWhenFull.nsEach,
      sweepNs: sweep.nsEach,
      sweepGrowth: sweep.nsEach / few.sweep.nsEach,
      readNs: read.nsEach,
      longestMs: Math.max(...turns.map(({ longestMs }) => longestMs)),
      longestCollectionMs: many.longestCollectionMs,
    },
  }
}
