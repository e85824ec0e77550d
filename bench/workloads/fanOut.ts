// How a fan-out is measured: clients connect, a part of it warms the server up, and then the CPU that
// the server takes is read before the first publish and after the last delivery.

import type { Child } from '../harness/Child.js'
import type { Stage } from '../harness/Stage.js'
import type { Figure } from '../harness/targets.js'
import { expectedOf, type Plan, type Rooms } from '../plan.js'

type ProtocolName = 'plain' | 'socket.io' | 'syncline' | 'deflate' | 'sse'

/** Of what is measured: so much comes before it. */
const WARM_UP_SHARE = 0.25

export const COST = 'CPU s per million deliveries'

/** The file and the protocol of a peer that has another name than these. */
const SPECIAL: Readonly<Record<string, { file: string; protocol: ProtocolName }>> = {
  'socket.io': { file: 'socket.io', protocol: 'socket.io' },
  syncline: { file: 'syncline', protocol: 'syncline' },
  'syncline-deflate': { file: 'syncline', protocol: 'deflate' },
  'syncline-sse': { file: 'syncline', protocol: 'sse' },
}

const kindOf = (peer: string) => SPECIAL[peer] ?? { file: peer, protocol: 'plain' as const }

/** A server with its clients, which can become more. */
export class FanOut {
  readonly #stage: Stage
  readonly #peer: string
  readonly #server: Child
  readonly #load: Child
  readonly #protocol: ProtocolName
  readonly #rooms: Rooms

  private constructor(stage: Stage, peer: string, rooms: Rooms, server: Child, load: Child) {
    this.#stage = stage
    this.#peer = peer
    this.#server = server
    this.#load = load
    this.#protocol = kindOf(peer).protocol
    this.#rooms = rooms
  }

  /** `settings`: what a Syncline is to be like, other than usual. */
  static async start(
    stage: Stage,
    peer: string,
    rooms: Rooms = 'none',
    settings: object = {},
  ): Promise<FanOut> {
    const args = [JSON.stringify(settings)]
    const server = await stage.startServer(kindOf(peer).file, { args })
    return new FanOut(stage, peer, rooms, server, await stage.startGenerator())
  }

  /** Connects until there are so many, and measures one plan. */
  async measure(clients: number, pace: Omit<Plan, 'rooms' | 'clients'>): Promise<Figure> {
    const { port } = this.#server
    const order = { port, protocol: this.#protocol, rooms: this.#rooms, clients }
    await this.#load.call('connect', order)
    const plan = { ...pace, rooms: this.#rooms, clients }
    await this.#run({ ...plan, ticks: Math.ceil(plan.ticks * WARM_UP_SHARE) })
    return this.#figure(plan)
  }

  /** Publishes at a steady rate: ms from each publish to the arrival at the last client. */
  async delays(clients: number, messages: number, everyMs: number): Promise<readonly number[]> {
    const order = { port: this.#server.port, protocol: this.#protocol, rooms: this.#rooms, clients }
    await this.#load.call('connect', order)
    const pace = { ticks: messages, perTick: 1, burst: 1, pauseMs: everyMs }
    const plan = { ...pace, rooms: this.#rooms, clients }
    await this.#run({ ...plan, ticks: Math.ceil(messages * WARM_UP_SHARE) })
    const { published, arrived } = await this.#run(plan, { isTimed: true, timedEvery: clients })
    return published.map((at, n) => (arrived[n] ?? Number.NaN) - at)
  }

  async #figure(plan: Plan): Promise<Figure> {
    const deliveries = expectedOf(plan).reduce((sum, count) => sum + count, 0)
    const [serverBefore, loadBefore] = [await this.#server.cpu(), await this.#load.cpu()]
    const bytesBefore = await this.#load.call<number>('bytes')
    const began = performance.now()
    const name = `${this.#peer} ${plan.clients} clients, ${plan.perTick} per tick`
    await this.#stage.profiled(this.#server, name, () => this.#run(plan))
    const seconds = (performance.now() - began) / 1000
    const [server, load] = [await this.#server.cpu(), await this.#load.cpu()]
    const bytes = (await this.#load.call<number>('bytes')) - bytesBefore
    return {
      // Microseconds for one are seconds for a million.
      cost: (server - serverBefore) / deliveries,
      perSecond: deliveries / seconds,
      generatorShare: (load - loadBefore) / 1e6 / seconds,
      detail: {
        serverShare: (server - serverBefore) / 1e6 / seconds,
        bytesEach: bytes / deliveries,
      },
    }
  }

  async #run(plan: Plan, { isTimed = false, timedEvery = 0 } = {}) {
    const expected = expectedOf(plan)
    await this.#load.call('expect', { expected, ...(isTimed && { timedEvery }) })
    const published = await this.#server.call<number[]>('publish', { ...plan, isTimed })
    const arrived = await this.#load.call<number[]>('arrived')
    return { published, arrived }
  }
}

/** Of the time between two ticks, for each delivery: what a server of usual cost needs twice over. */
const DELIVERY_MS = { single: 0.01, batched: 0.006 }

/** About so many deliveries, each message to all clients. */
export function pacing(clients: number, deliveries: number, perTick = 1) {
  const deliveryMs = perTick === 1 ? DELIVERY_MS.single : DELIVERY_MS.batched
  return {
    ticks: Math.max(4, Math.round(deliveries / clients / perTick)),
    perTick,
    burst: 1,
    pauseMs: Math.ceil(clients * perTick * deliveryMs),
  }
}

export const clientsCase = (clients: number) => `${clients.toLocaleString('en')} clients`
