// What an application may rely on, checked against the log: nothing missed without a resync after
// it was lost, nothing twice, nothing out of order, no resync without a cause.

import type { Message } from '../../../shared/message.js'
import type { ClientScene } from '../../support/client/ClientScene.js'
import type { Entry } from '../../support/client/FakeLog.js'

/** What the application has to be given, or else told a resync for: then it fetches it itself. */
interface Due {
  readonly entry: Entry
  readonly at: number
  /** It is due as long as one of these is subscribed to; absent where it is due in any case. */
  readonly topics: Set<string> | undefined
}

export class WalkObserver {
  readonly wanted = new Set<string>()
  readonly faults: string[] = []
  /** Set where topics are added later on: what one held by then may come after newer messages. */
  hasSubscribed = false
  readonly #scene: ClientScene
  readonly #start: number
  readonly #due = new Map<string, Due>()
  readonly #got = new Set<string>()
  readonly #last = new Map<string, number>()
  readonly #resyncs: number[] = []
  #hasConnected = false
  /** Entries or losses that could have made for a resync. */
  #causes = 0

  constructor(scene: ClientScene, topics: readonly string[]) {
    this.#scene = scene
    this.#start = scene.server.log.head
    for (const topic of topics) this.wanted.add(topic)
    scene.server.onAppend = (entry) => this.#appended(entry)
    scene.manager.onMessage((message) => this.#took(message))
    scene.manager.on('status', ({ isConnected }) => {
      this.#hasConnected ||= isConnected
    })
    scene.manager.on('resync', ({ reason }) => {
      this.#resyncs.push(scene.environment.now())
      if (this.#causes === 0) this.#fault(`a resync (${reason}) without a cause`)
    })
  }

  subscribe(topic: string): void {
    if (this.wanted.has(topic)) return
    this.hasSubscribed = true
    this.wanted.add(topic)
    this.#scene.manager.subscribe([topic])
  }

  unsubscribe(topic: string): void {
    if (!this.wanted.delete(topic)) return
    for (const { topics } of this.#due.values()) topics?.delete(topic)
    this.#scene.manager.unsubscribe([topic])
  }

  /** To be called when something was lost to the log. */
  lost(): void {
    this.#causes += 1
  }

  /** At the end, when all that is due should have come. */
  finish(): readonly string[] {
    for (const { entry, at, topics } of this.#due.values()) {
      if (topics?.size === 0 || this.#wasToldSince(at)) continue
      this.#fault(`${entry.n} is missing, and no resync was told`)
    }
    return this.faults
  }

  #appended(entry: Entry): void {
    if (!entry.message) this.#causes += 1
    if (!this.#hasConnected) return
    const { userId, topics } = entry.audience
    if (userId !== undefined && userId !== 'u_1') return
    const wanted = topics && new Set(topics.filter((topic) => this.wanted.has(topic)))
    if (wanted?.size === 0) return
    this.#due.set(`id-${entry.n}`, { entry, at: this.#scene.environment.now(), topics: wanted })
  }

  #took({ id, timestamp: n, userId, topics }: Message): void {
    if (this.#got.has(id)) this.#fault(`${n} came twice`)
    if (n <= this.#start) this.#fault(`${n} is older than the connection`)
    if (userId !== undefined && userId !== 'u_1') this.#fault(`${n} is another user's`)
    if (topics && !topics.some((topic) => this.wanted.has(topic))) this.#fault(`${n} is not read`)
    this.#got.add(id)
    this.#due.delete(id)
    const order = this.hasSubscribed ? (topics?.join() ?? 'own') : 'all'
    const last = this.#last.get(order) ?? 0
    if (n < last) this.#fault(`${n} came after ${last}`)
    this.#last.set(order, n)
  }

  #wasToldSince(at: number): boolean {
    return this.#resyncs.some((toldAt) => toldAt >= at)
  }

  #fault(what: string): void {
    this.faults.push(what)
  }
}
