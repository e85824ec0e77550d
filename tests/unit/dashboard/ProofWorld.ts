// A log and a connection that reads it live, with faults to order, watched by a proof; and what the
// proof must come to, reckoned from what really happened.

import type { Page } from '../../../client/dashboard/page/api.js'
import { Proof } from '../../../client/dashboard/proof/Proof.js'
import { readAgain } from '../../../client/dashboard/proof/readAgain.js'

const PAGE = 3

class WatchedProof extends Proof {
  readonly #onReread: (id: string) => void

  constructor(anchor: string, onReread: (id: string) => void) {
    super(anchor)
    this.#onReread = onReread
  }

  override reread(ids: readonly string[], cursor: string, isAfterGap?: boolean): void {
    ids.forEach(this.#onReread)
    super.reread(ids, cursor, isAfterGap)
  }
}

export class ProofWorld {
  readonly proof = new WatchedProof('0', (id) => {
    this.#reread.add(id)
    this.#rereadAnew.add(id)
  })
  /** What happens while an answer is on its way. */
  readonly meanwhile: (() => void)[] = []
  readonly #log: { readonly id: string; readonly isMine: boolean }[] = []
  /** How many of the oldest the log has let go of. */
  #evicted = 0
  /** How many the connection has passed. */
  #position = 0
  #delayed: string | undefined
  /** In the order in which they came first. */
  readonly #arrived: string[] = []
  readonly #dropped: string[] = []
  readonly #reread = new Set<string>()
  /** The same since the comparison began anew: only what is among these can be noticed as missing. */
  readonly #rereadAnew = new Set<string>()
  #repeats = 0
  #resyncs = 0
  #beginning: { anchor: string; from: number; dropped: number } | undefined
  #missingBefore = 0
  /** Read again before the comparison began anew, and not again before they arrived: not judged. */
  readonly #excused = new Set<string>()

  // Backwards, so that nobody can take a cursor for a number and be right.
  #cursorAt = (place: number) => (place === 0 ? '0' : `c${1_000_000 - place}`)
  #placeOf = (cursor: string) => (cursor === '0' ? 0 : 1_000_000 - Number(cursor.slice(1)))

  publish(isMine: boolean): void {
    this.#log.push({ id: `m${this.#log.length}`, isMine })
  }

  evict(): void {
    this.#evicted = Math.min(this.#log.length, this.#evicted + 2)
  }

  /** The next message arrives, in order; `fault` befalls it. */
  next(fault?: 'drop' | 'delay'): void {
    this.#tellLoss()
    const entry = this.#log[this.#position]
    if (entry === undefined) return
    this.#position += 1
    if (!entry.isMine) return
    if (fault === 'drop') this.#dropped.push(entry.id)
    else if (fault === 'delay' && this.#delayed === undefined) this.#delayed = entry.id
    else this.#arrive(entry.id)
  }

  release(): void {
    const id = this.#delayed
    this.#delayed = undefined
    if (id !== undefined) this.#arrive(id)
  }

  repeat(seed: number): void {
    const id = this.#arrived[seed % this.#arrived.length]
    if (id === undefined) return
    this.#repeats += 1
    this.proof.arrived(id)
  }

  /** As after a reconnect: everything that is left comes at once. */
  catchUp(): void {
    while (this.#position < this.#log.length) this.next()
  }

  /** One check, as the page makes them. */
  async check(): Promise<void> {
    const beginning = this.#beginning
    await readAgain(this.proof, {
      poll: (since) => this.#poll(since),
      before: beginning?.from ?? this.proof.arrivals,
      // Before the first message, a connection has no position to be held to.
      position: () => {
        const isKnown = this.#position > 0 && this.#beginning === undefined
        return isKnown ? this.#cursorAt(this.#position) : undefined
      },
      isWanted: () => true,
    })
    if (!beginning) return
    this.proof.beginAnew(beginning.anchor, beginning.from)
    this.#closeLoss(beginning.dropped)
  }

  /** What the proof must say at the end. */
  expected() {
    const placeOf = (id: string) => Number(id.slice(1))
    const compared = this.#arrived.filter((id) => this.#reread.has(id))
    const judged = compared.filter((id) => !this.#excused.has(id))
    const late = judged.filter((id, index) =>
      judged.slice(0, index).some((earlier) => placeOf(earlier) > placeOf(id)),
    )
    return {
      verified: compared.length - late.length,
      missing: this.#countDropped(),
      repeated: this.#repeats,
      outOfOrder: late.length,
      notReread: this.#arrived.length - compared.length,
      resyncs: this.#resyncs,
      pending: 0,
      awaited: 0,
    }
  }

  #arrive(id: string): void {
    if (this.#rereadAnew.has(id)) this.#excused.delete(id)
    this.#arrived.push(id)
    this.proof.arrived(id)
  }

  #tellLoss(): void {
    const lost = this.#log.slice(this.#position, this.#evicted)
    if (!lost.some(({ isMine }) => isMine)) return
    this.#position = this.#evicted
    // Otherwise it might count as missing just now.
    this.release()
    this.#resyncs += 1
    this.proof.told()
    const anchor = this.#cursorAt(this.#position)
    this.#beginning = { anchor, from: this.proof.arrivals, dropped: this.#dropped.length }
  }

  /** What was dropped before a loss that was told may have been noticed before it, or never. */
  #closeLoss(dropped: number): void {
    const { missing } = this.proof.getSnapshot()
    if (missing > this.#countDropped()) throw new Error('more is missing than was dropped')
    this.#missingBefore = missing
    this.#dropped.splice(0, dropped)
    this.#rereadAnew.clear()
    for (const id of this.#reread) if (!this.#arrived.includes(id)) this.#excused.add(id)
    this.#beginning = undefined
  }

  #countDropped(): number {
    return this.#missingBefore + this.#dropped.filter((id) => this.#rereadAnew.has(id)).length
  }

  async #poll(since: string): Promise<Page> {
    const after = this.#placeOf(since)
    const mine = this.#log
      .map(({ id, isMine }, index) => ({ id, isMine, place: index + 1 }))
      .filter(({ isMine, place }) => isMine && place > after)
    const held = mine.filter(({ place }) => place > this.#evicted)
    const messages = held.slice(0, PAGE)
    const hasMore = held.length > PAGE
    const end = hasMore ? (messages.at(-1)?.place ?? 0) : Math.max(after, this.#log.length)
    const resync = since !== '0' && held.length < mine.length
    this.meanwhile.shift()?.()
    return { messages: messages as never, cursor: this.#cursorAt(end), hasMore, resync }
  }
}
