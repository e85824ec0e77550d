// Lets in those who come, so many in each turn of the event loop: when thousands come back at once,
// what each of them costs must not keep everybody else waiting.

/** Each may be about to be sent its history: at half a millisecond each, they hold it for some 8. */
const PASSED_PER_TURN = 16

export class Turnstile {
  readonly #waiting: (() => void)[] = []
  #passed = 0

  /** Resolves, in the order of the calls, when it is the caller's turn; `undefined`: that is now. */
  pass(): Promise<void> | undefined {
    if (this.#passed === 0) setImmediate(() => this.#turn())
    if (this.#passed < PASSED_PER_TURN) {
      this.#passed += 1
      return undefined
    }
    return new Promise((resolve) => {
      this.#waiting.push(resolve)
    })
  }

  #turn(): void {
    const due = this.#waiting.splice(0, PASSED_PER_TURN)
    this.#passed = due.length
    if (this.#passed > 0) setImmediate(() => this.#turn())
    for (const pass of due) pass()
  }
}
