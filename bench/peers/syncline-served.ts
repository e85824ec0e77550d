// Syncline listening by itself, as `npm start` does it. The settings of the workload come as an
// argument; without one that says who is who, everybody is an admin, as on a developer's machine.

import { monitorEventLoopDelay } from 'node:perf_hooks'
import { createSyncServer, type SyncServerOptions } from 'syncline'
import { PAYLOAD, TYPE } from '../plan.js'
import { serveFanOut } from './fanOutPeer.js'

/** Known clients that all come from one address, and publish more than one user may. */
const UNLIMITED = {
  rateLimitMax: 0,
  rateLimitAdminMax: 0,
  rateLimitServiceMax: 0,
  rateLimitReadMax: 0,
  maxFramesPerSecond: 0,
  maxConnections: 50_000,
  maxConnectionsPerUser: 50_000,
  maxConnectionsPerAddress: 50_000,
} as const
const BATCH = 100
const PER_MS = 1e6

interface ServedSettings extends SyncServerOptions {
  /** Believes whoever names itself. */
  readonly isNamed?: boolean
}

interface FillOrder {
  readonly messages: number
  readonly topic: string
}

/** `n`th of so many, so that a reader can tell what it got. */
interface NumberedOrder {
  readonly from: number
  readonly count: number
  readonly topic?: string
}

const { isNamed, ...settings } = JSON.parse(process.argv[2] ?? '{}') as ServedSettings
const sync = await createSyncServer({
  port: 0,
  host: '127.0.0.1',
  logLevel: 'warn',
  ...UNLIMITED,
  ...settings,
  // A token is `<client>.<rooms>`, as the generator makes it.
  ...(isNamed && {
    authenticate: ({ token }) => ({ userId: `user:${token?.split('.')[0]}` }),
  }),
})
const { port } = await sync.listen()
const delays = monitorEventLoopDelay()

function failed(error: unknown): void {
  process.stderr.write(`${error}\n`)
  process.exit(1)
}

serveFanOut({
  port,
  publish(userId) {
    const audience = userId === undefined ? {} : { userId }
    sync.publish({ type: TYPE, payload: PAYLOAD, ...audience }).catch(failed)
  },
  commands: {
    stats: () => sync.stats(),
    publishOne: () => sync.publish({ type: TYPE, payload: PAYLOAD }),
    /** Publishes so many to one topic. Answers the cursors of the last two. */
    async fill({ messages, topic }: FillOrder): Promise<readonly string[]> {
      const draft = { type: TYPE, payload: PAYLOAD, topics: [topic] }
      for (let left = messages; left > 0; left -= BATCH) {
        const batch = Array.from({ length: Math.min(BATCH, left) }, () => draft)
        await sync.sync.publishBatch(batch)
      }
      const last = await Promise.all([sync.publish(draft), sync.publish(draft)])
      return last.map(({ cursor }) => cursor)
    },
    async publishNumbered({ from, count, topic }: NumberedOrder): Promise<void> {
      const audience = topic === undefined ? {} : { topics: [topic] }
      for (let n = from; n < from + count; n += 1) {
        await sync.publish({ type: TYPE, payload: { n, ...PAYLOAD }, ...audience })
      }
    },
    watchDelays() {
      delays.reset()
      delays.enable()
    },
    /** Of the event loop since `watchDelays`, in ms. */
    delays() {
      delays.disable()
      return { p999Ms: delays.percentile(99.9) / PER_MS, maxMs: delays.max / PER_MS }
    },
  },
})
