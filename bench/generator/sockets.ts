// The load: thousands of clients on raw sockets, in a process of its own, on a core of its own.

import { serveCommands } from '../control.js'
import type { Rooms } from '../plan.js'
import { Client } from './Client.js'
import type { ProtocolName } from './protocols.js'

/** How many connect at a time. */
const AT_ONCE = 256
const ARRIVES_WITHIN_MS = 60_000

interface ConnectOrder {
  readonly port: number
  readonly protocol: ProtocolName
  readonly rooms: Rooms
  /** How many there are to be, with those that are there. */
  readonly clients: number
}

interface ExpectOrder {
  /** Deliveries of each client from now on. */
  readonly expected: readonly number[]
  /** Answers with the time of every delivery that completes so many, in ms as `hrtime` counts. */
  readonly timedEvery?: number
}

const clients: Client[] = []
let arrived = 0
let awaited = Infinity
let onAll: (() => void) | undefined
let onLost: ((error: Error) => void) | undefined
let timedEvery = Infinity
let times: number[] = []

function take(count: number): void {
  arrived += count
  // Several may come at once.
  while (Math.floor(arrived / timedEvery) > times.length) {
    times.push(Number(process.hrtime.bigint()) / 1e6)
  }
  if (arrived >= awaited) onAll?.()
}

function lost(client: number, why: string): void {
  const error = new Error(`client ${client} was lost: ${why}`)
  if (onLost === undefined) throw error
  onLost(error)
}

function open(order: ConnectOrder, client: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const fail = (why: string) => {
      reject(new Error(why))
      lost(client, why)
    }
    clients[client] = new Client({ ...order, client, onDeliveries: take, onLost: fail }, resolve)
  })
}

/** Expectation is set before anything is published, so that nothing arrives uncounted. */
let settled: Promise<readonly number[]> | undefined

function expect({ expected, timedEvery: every = Infinity }: ExpectOrder): void {
  if (arrived > awaited) throw new Error(`${arrived} deliveries arrived, not ${awaited}`)
  for (const client of clients) client.deliveries = 0
  arrived = 0
  times = []
  timedEvery = every
  awaited = expected.reduce((sum, count) => sum + count, 0)
  settled = new Promise<readonly number[]>((resolve, reject) => {
    const late = () => reject(new Error(`${arrived} of ${awaited} deliveries arrived`))
    const timer = setTimeout(late, ARRIVES_WITHIN_MS)
    onLost = reject
    onAll = () => {
      clearTimeout(timer)
      const wrong = expected.findIndex((count, client) => clients[client]?.deliveries !== count)
      if (wrong === -1) resolve(times)
      else
        reject(new Error(`client ${wrong}: ${clients[wrong]?.deliveries}, not ${expected[wrong]}`))
    }
  })
  settled.catch(() => {})
}

serveCommands(
  {},
  {
    async connect(order: ConnectOrder) {
      for (let next = clients.length; next < order.clients; next += AT_ONCE) {
        const until = Math.min(order.clients, next + AT_ONCE)
        const waiting = Array.from({ length: until - next }, (_, index) =>
          open(order, next + index),
        )
        await Promise.all(waiting)
      }
    },
    expect,
    /** What all clients have read so far. */
    bytes: () => clients.reduce((sum, client) => sum + client.bytes, 0),
    /** Answers when all that is expected has arrived, and nothing else has. */
    arrived: () => settled,
    close() {
      for (const client of clients.splice(0)) client.close()
    },
  },
)
