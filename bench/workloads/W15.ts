// Compression: what it costs the server to compress a message once for all who take it, and what that
// spares the network.

import type { Stage } from '../harness/Stage.js'
import { costOf, type Figure, ratio } from '../harness/targets.js'
import { COST, clientsCase, FanOut, pacing } from './fanOut.js'
import type { Workload } from './Workload.js'

const PLAIN = 'syncline'
const DEFLATED = 'syncline-deflate'
const CLIENTS = [100, 200, 1000, 5000]
const PAYLOAD_BYTES = 4096

const bytesCase = (clients: number) => `${clientsCase(clients)}, bytes of one`

export const W15: Workload = {
  id: 'W15',
  title: 'Compression',
  unit: `${COST}; bytes of one delivery`,
  peers: [PLAIN, DEFLATED],
  targets: CLIENTS.flatMap((clients) => [
    ratio(clientsCase(clients), DEFLATED, PLAIN, { atMost: 1.15 }),
    {
      text: `${clientsCase(clients)}: share of the bytes that is spared`,
      value: (round) =>
        1 - costOf(round, DEFLATED, bytesCase(clients)) / costOf(round, PLAIN, bytesCase(clients)),
      atLeast: 0.5,
    },
  ]),
  notes: ['One message a tick to all, with 4 KiB of JSON: a table of orders, each row another.'],

  async run(peer, stage) {
    const settings = { payload: orders(), compression: peer === DEFLATED }
    const fanOut = await FanOut.start(stage, peer, 'none', settings)
    const figures: Record<string, Figure> = {}
    for (const clients of CLIENTS) {
      const pace = pacing(clients, deliveriesOf(stage))
      // Twenty times the bytes take a server longer.
      const figure = await fanOut.measure(clients, { ...pace, pauseMs: 2 * pace.pauseMs })
      figures[clientsCase(clients)] = figure
      figures[bytesCase(clients)] = { cost: figure.detail?.bytesEach ?? Number.NaN }
    }
    return figures
  },
}

const deliveriesOf = (stage: Stage) => (stage.isFull ? 200_000 : 100_000)

/** Rows of a shop, the same in every run. */
function orders(): readonly object[] {
  const rows: object[] = []
  while (JSON.stringify(rows).length < PAYLOAD_BYTES) {
    const mixed = (rows.length * 2_654_435_761) % 2 ** 32
    rows.push({
      _id: mixed.toString(36).padStart(8, 'k'),
      status: ['paid', 'packed', 'sent', 'returned'][mixed % 4],
      customer: `customer-${mixed % 997}@example.com`,
      cents: 500 + (mixed % 25_000),
      placedAt: 1_763_650_000_000 + (mixed % 86_400_000),
    })
  }
  return rows
}
