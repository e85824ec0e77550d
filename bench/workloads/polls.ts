// A server with so many messages in its log, all of one topic, and polls for what is new there.

import type { Stage } from '../harness/Stage.js'
import type { Figure } from '../harness/targets.js'
import { Asking } from './requests.js'

const TOPIC = 'orders'
/** Room for a million messages, in one audience. */
const SETTINGS = {
  maxMessagesPerAudience: 1_000_000,
  maxLogBytes: 2 ** 31,
  messageTtlMs: 3_600_000,
}
const FILLED_WITHIN_MS = 300_000

export class Polled {
  readonly #asking: Asking
  /** Before the last message, and at it. */
  readonly #cursors: readonly string[]

  private constructor(asking: Asking, cursors: readonly string[]) {
    this.#asking = asking
    this.#cursors = cursors
  }

  static async start(stage: Stage, retained: number): Promise<Polled> {
    const args = [JSON.stringify(SETTINGS)]
    const server = await stage.startServer('syncline-served', { args })
    const fill = { messages: retained - 2, topic: TOPIC }
    const cursors = await server.call<string[]>('fill', fill, FILLED_WITHIN_MS)
    return new Polled(await Asking.start(stage, server), cursors)
  }

  empty(requests: number): Promise<Figure> {
    return this.#asking.measure({ path: pathSince(this.#cursors[1]) }, requests)
  }

  oneMessage(requests: number): Promise<Figure> {
    return this.#asking.measure({ path: pathSince(this.#cursors[0]) }, requests)
  }
}

const pathSince = (cursor: string | undefined) => `/api/sync/poll?topics=${TOPIC}&since=${cursor}`
