// The places of those who have not said who they are, in the order in which they were taken: who
// has been silent for longest is the first to make way.

export interface UnprovenPlace {
  readonly address: string
  /** Ends whoever has it. */
  makeWay(): void
}

export class UnprovenPlaces {
  readonly #all = new Set<UnprovenPlace>()
  readonly #byAddress = new Map<string, Set<UnprovenPlace>>()

  get size(): number {
    return this.#all.size
  }

  sizeOf(address: string): number {
    return this.#byAddress.get(address)?.size ?? 0
  }

  add(place: UnprovenPlace): void {
    const neighbours = this.#byAddress.get(place.address) ?? new Set()
    this.#byAddress.set(place.address, neighbours.add(place))
    this.#all.add(place)
  }

  remove(place: UnprovenPlace): void {
    const neighbours = this.#byAddress.get(place.address)
    neighbours?.delete(place)
    if (neighbours?.size === 0) this.#byAddress.delete(place.address)
    this.#all.delete(place)
  }

  /** The one that has been silent for longest, in all or at one address, makes way. False where there is none. */
  makeWay(address?: string): boolean {
    const [oldest] = address === undefined ? this.#all : (this.#byAddress.get(address) ?? [])
    if (oldest === undefined) return false
    this.remove(oldest)
    oldest.makeWay()
    return true
  }
}
