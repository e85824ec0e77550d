// The page under test: connects as an application would and writes down what it sees, for tests
// to look at. `?token=` and `?topics=` are handed to the client.

import { ConnectionManager } from '../../../client/connection/ConnectionManager.js'

/** What has happened since `connect()`; times are in milliseconds since the Unix epoch. */
export interface Probe {
  readonly manager: ConnectionManager
  readonly openedAt: number
  firstMessageAt: number | undefined
  readonly received: { readonly id: string; readonly n: number; readonly at: number }[]
  readonly resyncs: string[]
  readonly errors: string[]
  readonly statuses: { readonly status: string; readonly at: number }[]
  readonly transports: { readonly transport: string | undefined; readonly at: number }[]
}

declare global {
  interface Window {
    __probe: Probe
  }
}

const query = new URLSearchParams(location.search)
const token = query.get('token')
const topics = query.get('topics')

// `timeOrigin` alone would be moved by a clock that is set; together they go on evenly.
const now = () => performance.timeOrigin + performance.now()

const manager = new ConnectionManager({
  ...(token !== null && { token }),
  ...(topics !== null && { topics: topics.split(',') }),
})

const probe: Probe = {
  manager,
  openedAt: now(),
  firstMessageAt: undefined,
  received: [],
  resyncs: [],
  errors: [],
  statuses: [],
  transports: [],
}
window.__probe = probe

function noteState(): void {
  const { status, transport } = manager.getSnapshot()
  const at = now()
  if (probe.statuses.at(-1)?.status !== status) probe.statuses.push({ status, at })
  if (probe.transports.at(-1)?.transport !== transport) probe.transports.push({ transport, at })
}

manager.on('status', noteState)
manager.on('resync', ({ reason }) => probe.resyncs.push(reason))
manager.on('error', (error) => probe.errors.push(String(error)))
manager.onMessage(({ id, payload }) => {
  const at = now()
  probe.firstMessageAt ??= at
  probe.received.push({ id, n: (payload as { n: number }).n, at })
  noteState()
})
manager.connect()
