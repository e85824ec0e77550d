// What polls cost where the log is small and where it is large. The two servers have their turns one
// after the other, several times, since the one with the large log takes long to fill.

import { median } from '../harness/statistics.js'
import type { Figure } from '../harness/targets.js'
import { Polled } from './polls.js'
import { across, REQUEST_COST } from './requests.js'
import type { Workload } from './Workload.js'

const SMALL = '1,000 retained'
const LARGE = '1,000,000 retained'
const TURNS = 5
const CASES = ['empty', '1 new message']

export const W6g: Workload = {
  id: 'W6g',
  title: 'Polls of a growing log',
  unit: REQUEST_COST,
  peers: ['syncline'],
  rounds: 1,
  targets: CASES.map((name) =>
    across(
      `${name}: ${LARGE} / ${SMALL}`,
      ['syncline', `${name}, ${LARGE}`],
      ['syncline', `${name}, ${SMALL}`],
      1.2,
    ),
  ),
  notes: [
    'All messages are of the topic that is polled; `MAX_MESSAGES_PER_AUDIENCE` and `MAX_LOG_BYTES` are raised to hold a million.',
  ],

  async run(_peer, stage) {
    const requests = stage.isFull ? 20_000 : 6000
    const logs = {
      [SMALL]: await Polled.start(stage, 1000),
      [LARGE]: await Polled.start(stage, 1_000_000),
    }
    const figures: Record<string, Figure[]> = {}
    for (let turn = 0; turn < TURNS; turn += 1) {
      for (const [size, log] of Object.entries(logs)) {
        const found = [await log.empty(requests), await log.oneMessage(requests)]
        for (const [index, figure] of found.entries()) {
          const name = `${CASES[index]}, ${size}`
          figures[name] = [...(figures[name] ?? []), figure]
        }
      }
    }
    return Object.fromEntries(Object.entries(figures).map(([name, each]) => [name, middleOf(each)]))
  },
}

/** The figure of the median cost. */
function middleOf(figures: readonly Figure[]): Figure {
  return { ...figures[0], cost: median(figures.map(({ cost }) => cost)) }
}
