// A program that runs beside others until it is told to end. What it prints stands behind its name,
// and an end that nobody asked for is told.
import { spawn } from 'node:child_process'
import { setTimeout as delay } from 'node:timers/promises'

/** nginx lives where only root looks by default. */
export const PATH = `${process.env.PATH}:/usr/sbin:/sbin`

export class Part {
  name
  child
  /** Resolves when it has ended, or could not be started, with its exit code, signal or fault. */
  ended
  #hasEnded = false
  #isEnding = false
  /** What it printed, until it has started. */
  #held = ''
  #isHeld = true

  constructor(name, command, args, { env = {}, onEnd }) {
    this.name = name
    // A group of its own: Ctrl-C means whoever started it, who then ends one after the other.
    const options = { env: { ...process.env, ...env, PATH }, detached: true }
    this.child = spawn(command, args, { ...options, stdio: ['ignore', 'pipe', 'pipe'] })
    this.ended = new Promise((resolve) => {
      this.child.on('exit', (code, signal) => resolve(signal ?? code))
      this.child.on('error', (error) => resolve(error.message))
    })
    this.ended.then((how) => {
      this.#hasEnded = true
      if (!this.#isEnding && !this.#isHeld) onEnd(how)
    })
    for (const stream of [this.child.stdout, this.child.stderr]) {
      stream.setEncoding('utf8').on('data', (text) => this.#take(text))
    }
  }

  get pid() {
    return this.child.pid
  }

  /** Resolves with what `check` finds, also in what was printed. Throws where it ends before that. */
  async started(check) {
    for (;;) {
      const found = await check(this.#held)
      if (found) {
        this.#isHeld = false
        return found
      }
      if (this.#hasEnded) throw new Error(`${this.name} can't start:\n${this.#held}`)
      await delay(50)
    }
  }

  /** Asks it to end, and ends it where that takes longer. */
  async end(withinMs) {
    this.#isEnding = true
    this.child.kill('SIGTERM')
    const timer = setTimeout(() => this.kill(), withinMs)
    await this.ended
    clearTimeout(timer)
  }

  /** With all that it started itself: nginx's workers would outlive it. */
  kill() {
    this.#isEnding = true
    if (!this.#hasEnded && this.pid !== undefined) process.kill(-this.pid, 'SIGKILL')
  }

  #take(text) {
    if (this.#isHeld) {
      this.#held += text
      return
    }
    if (this.#isEnding) return
    const lines = text.split('\n').filter((line) => line.trim() !== '')
    for (const line of lines) console.log(`${this.name} | ${line}`)
  }
}
