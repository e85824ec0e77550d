// Sockets that have not said who they are. They share the places of their address with those that
// have: beyond half of these, the one that has been silent for longest makes way, so that whoever
// opens sockets and says nothing can't keep others at the same address out.

export class UnprovenSockets<Session extends { destroy(): void }> {
  readonly #maxPerAddress: number
  /** By address, the oldest first. */
  readonly #sessions = new Map<string, Set<Session>>()

  constructor(maxConnectionsPerAddress: number) {
    this.#maxPerAddress = Math.ceil(maxConnectionsPerAddress / 2)
  }

  add(address: string, session: Session): void {
    const sessions = this.#sessions.get(address) ?? new Set()
    sessions.add(session)
    this.#sessions.set(address, sessions)
    const [oldest] = sessions
    if (sessions.size <= this.#maxPerAddress || oldest === undefined) return
    this.remove(address, oldest)
    oldest.destroy()
  }

  /** It has said who it is, or is gone. */
  remove(address: string, session: Session): void {
    const sessions = this.#sessions.get(address)
    sessions?.delete(session)
    if (sessions?.size === 0) this.#sessions.delete(address)
  }
}
