// Sockets that have not said who they are. They share the places of their address with those that
// have: beyond half of these, the one that has been silent for longest makes way, so that whoever
// opens sockets and says nothing can't keep others at the same address out.

/** Ends a socket, and gives its place back at once. */
type End = () => void

export class UnprovenSockets {
  readonly #maxPerAddress: number
  /** By address, the oldest first. */
  readonly #ends = new Map<string, Set<End>>()

  constructor(maxConnectionsPerAddress: number) {
    this.#maxPerAddress = Math.ceil(maxConnectionsPerAddress / 2)
  }

  /** Before another one of this address is let in. */
  makeRoom(address: string): void {
    const ends = this.#ends.get(address) ?? new Set()
    const [oldest] = ends
    if (ends.size < this.#maxPerAddress || oldest === undefined) return
    this.remove(address, oldest)
    oldest()
  }

  add(address: string, end: End): void {
    const ends = this.#ends.get(address) ?? new Set()
    this.#ends.set(address, ends.add(end))
  }

  /** It has said who it is, or is gone. */
  remove(address: string, end: End): void {
    const ends = this.#ends.get(address)
    ends?.delete(end)
    if (ends?.size === 0) this.#ends.delete(address)
  }
}
