// A process under the harness's control: pinned to its core, ordered about over IPC, and ended by its
// own id.

import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import type { Answer, Order } from '../control.js'

const STARTS_WITHIN_MS = 20_000
const ANSWERS_WITHIN_MS = 120_000

export interface ChildOptions {
  /** What runs it, with its own options: `['node', '--expose-gc']`. */
  readonly runtime: readonly string[]
  readonly file: string
  readonly args?: readonly string[]
  readonly env?: Record<string, string>
  /** Pinned to this core, where the system can. */
  readonly core: number | undefined
}

interface Waiting {
  readonly resolve: (result: never) => void
  readonly reject: (error: Error) => void
}

export class Child {
  readonly #process: ChildProcess
  readonly #name: string
  readonly #waiting = new Map<number, Waiting>()
  #ready: Record<string, unknown> = {}
  #orders = 0

  private constructor(name: string, child: ChildProcess) {
    this.#name = name
    this.#process = child
    child.on('message', (answer: Answer) => this.#take(answer))
    child.on('exit', (code, signal) => this.#fail(`ended with ${code ?? signal}`))
    child.on('error', (error) => this.#fail(error.message))
  }

  /** Starts it and waits until it says `ready`. */
  static async start({ runtime, file, args = [], env, core }: ChildOptions): Promise<Child> {
    const pinned = core === undefined ? [] : ['taskset', '-c', String(core)]
    const [command = '', ...rest] = [...pinned, ...runtime, file, ...args]
    const child = spawn(command, rest, {
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
      env: { ...process.env, ...env },
    })
    const started = new Child(file.replace(/^.*\//, ''), child)
    await started.#wait(0, 'start', STARTS_WITHIN_MS)
    return started
  }

  /** The port that it said it listens on. */
  get port(): number {
    return Number(this.#ready.port)
  }

  get pid(): number {
    return this.#process.pid ?? 0
  }

  /** Rejects with what the child threw, or when it ends or says nothing for too long. */
  call<Result = unknown>(
    command: string,
    argument: unknown = null,
    withinMs = ANSWERS_WITHIN_MS,
  ): Promise<Result> {
    const id = ++this.#orders
    const answered = this.#wait<Result>(id, command, withinMs)
    this.#process.send({ id, command, argument } satisfies Order)
    return answered
  }

  /** Microseconds of CPU that it took so far. */
  cpu(): Promise<number> {
    return this.call<number>('cpu')
  }

  /** Asks it to end, which lets it write its profile, and ends it where it doesn't. */
  async stop(): Promise<void> {
    if (this.#hasExited) return
    const exited = once(this.#process, 'exit')
    const kill = setTimeout(() => this.#process.kill('SIGKILL'), 10_000)
    this.call('exit').catch(() => {})
    await exited
    clearTimeout(kill)
  }

  get #hasExited(): boolean {
    return this.#process.exitCode !== null || this.#process.signalCode !== null
  }

  async #wait<Result>(id: number, command: string, withinMs: number): Promise<Result> {
    let timer: NodeJS.Timeout | undefined
    try {
      return await new Promise<Result>((resolve, reject) => {
        this.#waiting.set(id, { resolve, reject })
        const late = () => reject(new Error(`${this.#name}: no answer to ${command}`))
        timer = setTimeout(late, withinMs)
      })
    } finally {
      clearTimeout(timer)
      this.#waiting.delete(id)
    }
  }

  #take(answer: Answer): void {
    if ('ready' in answer) {
      this.#ready = answer.ready
      this.#waiting.get(0)?.resolve(undefined as never)
    } else if ('error' in answer) {
      this.#waiting.get(answer.id)?.reject(new Error(`${this.#name}: ${answer.error}`))
    } else {
      this.#waiting.get(answer.id)?.resolve(answer.result as never)
    }
  }

  #fail(why: string): void {
    for (const { reject } of this.#waiting.values()) reject(new Error(`${this.#name}: ${why}`))
  }
}
