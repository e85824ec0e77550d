// What every peer of a fan-out has in common: it publishes to the plan's pace when it is told to.

import { setTimeout as sleep } from 'node:timers/promises'
import { type Command, serveCommands } from '../control.js'
import { type Plan, type Rooms, roomOf, roomsOf } from '../plan.js'

export interface FanOutPeer {
  readonly port: number
  /** Publishes one message to a room, or to everyone. */
  publish(room: string | undefined): void
  /** The tick's messages are all published. */
  endTick?(): void
  readonly commands?: Record<string, Command>
}

export interface PublishOrder extends Plan {
  /** Answers with the time of each publish, in ms of the system's monotonic clock. */
  readonly isTimed?: boolean
}

/** Sockets by the rooms that they read. */
export class Members<Socket> {
  readonly #byRoom = new Map<string | undefined, Set<Socket>>()

  /** `url` is the one that the client asked for: it says who it is, and what it reads. */
  add(socket: Socket, url: string): void {
    for (const room of [undefined, ...roomsFrom(url)]) {
      const members = this.#byRoom.get(room) ?? new Set()
      this.#byRoom.set(room, members.add(socket))
    }
  }

  of(room: string | undefined): Iterable<Socket> {
    return this.#byRoom.get(room) ?? []
  }
}

/** The rooms that a client asks for in its URL. */
export function roomsFrom(url: string): readonly string[] {
  const query = new URL(url, 'http://localhost').searchParams
  return roomsOf(Number(query.get('client')), (query.get('rooms') ?? 'none') as Rooms)
}

export function serveFanOut(peer: FanOutPeer): void {
  const publish = (order: PublishOrder) => publishPlan(peer, order)
  serveCommands({ port: peer.port }, { publish, ...peer.commands })
}

async function publishPlan(peer: FanOutPeer, order: PublishOrder): Promise<readonly number[]> {
  const { ticks, perTick, burst, pauseMs, isTimed } = order
  const times: number[] = []
  let burstBegan = performance.now()
  for (let tick = 0; tick < ticks; tick += 1) {
    for (let i = 0; i < perTick; i += 1) {
      if (isTimed) times.push(Number(process.hrtime.bigint()) / 1e6)
      peer.publish(roomOf(tick * perTick + i, order))
    }
    peer.endTick?.()
    if ((tick + 1) % burst !== 0) {
      await nextTurn()
    } else {
      await sleep(Math.max(1, pauseMs - (performance.now() - burstBegan)))
      burstBegan = performance.now()
    }
  }
  return times
}

const nextTurn = () => new Promise((resolve) => setImmediate(resolve))
