// Wakes those who wait for this node to read on, each time that it has.

export class Progress {
  readonly #waiting = new Set<() => void>()

  /** Resolves with the next progress, or without any when the time is over. */
  within(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const done = () => {
        clearTimeout(timer)
        this.#waiting.delete(done)
        resolve()
      }
      const timer = setTimeout(done, ms)
      this.#waiting.add(done)
    })
  }

  made(): void {
    for (const done of [...this.#waiting]) done()
  }
}
