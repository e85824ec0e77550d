// How requests are measured: a part of them warms the server up, and then the CPU that it takes for
// so many is read.

import type { RequestShape } from '../generator/HttpLoad.js'
import type { Child } from '../harness/Child.js'
import type { Stage } from '../harness/Stage.js'
import { costOf, type Figure, type Target } from '../harness/targets.js'

export const REQUEST_COST = 'CPU s per million requests'

const WARM_UP_SHARE = 0.35
/** Enough for the server never to wait for a request. */
const SOCKETS = 16

/** A server and who asks it, on so many sockets, one request at a time on each. */
export class Asking {
  readonly server: Child
  readonly #load: Child
  readonly #sockets: number

  private constructor(server: Child, load: Child, sockets: number) {
    this.server = server
    this.#load = load
    this.#sockets = sockets
  }

  static async start(stage: Stage, server: Child, sockets = SOCKETS): Promise<Asking> {
    return new Asking(server, await stage.startGenerator('http'), sockets)
  }

  /** `also` runs after the last answer, and within what is measured. */
  async measure(request: RequestShape, requests: number, also = async () => {}): Promise<Figure> {
    await this.#open()
    await this.#load.call('run', { request, requests: Math.ceil(requests * WARM_UP_SHARE) })
    return measureCost(this.server, this.#load, requests, async () => {
      await this.#load.call('run', { request, requests })
      await also()
    })
  }

  /** Every socket asks once, and `wake` has to see to it that all are answered. */
  async askOnce(request: RequestShape, wake: () => Promise<void>): Promise<void> {
    await this.#open()
    await this.#load.call('begin', { request, requests: this.#sockets })
    await wake()
    await this.#load.call('ended')
  }

  /** As `measure`, of something else that these two do. */
  measureOf(units: number, act: () => Promise<void>): Promise<Figure> {
    return measureCost(this.server, this.#load, units, act)
  }

  #open(): Promise<unknown> {
    return this.#load.call('open', { port: this.server.port, sockets: this.#sockets })
  }
}

/** What one of so many units costs the server, in seconds for a million. */
export async function measureCost(
  server: Child,
  load: Child,
  units: number,
  act: () => Promise<void>,
): Promise<Figure> {
  const [serverBefore, loadBefore] = [await server.cpu(), await load.cpu()]
  const began = performance.now()
  await act()
  const seconds = (performance.now() - began) / 1000
  const [serverAfter, loadAfter] = [await server.cpu(), await load.cpu()]
  return {
    cost: (serverAfter - serverBefore) / units,
    perSecond: units / seconds,
    generatorShare: (loadAfter - loadBefore) / 1e6 / seconds,
  }
}

/** How many times as much a case of one peer costs as another case of another peer. */
export function across(
  text: string,
  [peer, name]: readonly [peer: string, name: string],
  [basePeer, baseName]: readonly [peer: string, name: string],
  atMost: number,
): Target {
  return {
    text,
    atMost,
    value: (round) => costOf(round, peer, name) / costOf(round, basePeer, baseName),
  }
}
