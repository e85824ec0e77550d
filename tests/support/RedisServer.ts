// A real redis-server of the tests' own, on loopback and a free port, in a temporary folder: what it
// keeps, loses and withholds is up to the test.

import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { cpSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { Redis } from 'ioredis'
import { freePort } from './freePort.js'

export interface RedisServerOptions {
  /** `no`, the default: what it holds ends with it. */
  readonly appendOnly?: 'no' | 'everysec' | 'always'
  /** Lines of its configuration, such as `maxmemory` and `10mb`. */
  readonly config?: Readonly<Record<string, string>>
  readonly port?: number
}

const PROGRAM = 'redis-server'
const READY_WITHIN_MS = 20_000
/** Another process may take a free port before this one does. */
const PORTS_TO_TRY = 5

export class RedisServer {
  readonly port: number
  readonly #folder = mkdtempSync(join(tmpdir(), 'redis-'))
  readonly #options: RedisServerOptions
  #child: ChildProcess | undefined
  #client: Redis | undefined
  #output = ''

  private constructor(port: number, options: RedisServerOptions) {
    this.port = port
    this.#options = options
  }

  static async start(options: RedisServerOptions = {}): Promise<RedisServer> {
    for (let attempt = 1; ; attempt += 1) {
      const server = new RedisServer(options.port ?? (await freePort()), options)
      try {
        await server.#launch()
        return server
      } catch (error) {
        await server.stop()
        if (options.port !== undefined || attempt === PORTS_TO_TRY) throw error
      }
    }
  }

  get url(): string {
    return `redis://127.0.0.1:${this.port}`
  }

  /** Where its data is. */
  get folder(): string {
    return join(this.#folder, 'data')
  }

  /** All that it printed so far. */
  get output(): string {
    return this.#output
  }

  /** Waits through a freeze, not through a restart; rejects with what Redis answers. */
  command(name: string, ...values: readonly (string | number)[]): Promise<unknown> {
    if (this.#client === undefined) throw new Error('this Redis does not run')
    return this.#client.call(name, ...values.map(String))
  }

  /** A field of INFO, such as `used_memory`. */
  async info(field: string): Promise<string> {
    const text = String(await this.command('INFO', 'everything'))
    const value = new RegExp(`^${field}:(.*?)\r?$`, 'm').exec(text)?.[1]
    if (value === undefined) throw new Error(`INFO has no ${field}`)
    return value
  }

  /** Ends it at once, with kill -9. */
  async kill(): Promise<void> {
    this.#disconnect()
    const child = this.#child
    if (child?.pid === undefined || child.exitCode !== null || child.signalCode !== null) return
    const exit = once(child, 'exit')
    child.kill('SIGKILL')
    await exit
  }

  async stopNoSave(): Promise<void> {
    const child = this.#child
    if (child === undefined) return
    const exit = once(child, 'exit')
    this.command('SHUTDOWN', 'NOSAVE').catch(() => {})
    await exit
    this.#disconnect()
  }

  /** Starts it again, on the same port; kills it first where it still runs. */
  async restart({ keepData }: { readonly keepData: boolean }): Promise<void> {
    await this.kill()
    if (!keepData) rmSync(this.folder, { recursive: true, force: true })
    await this.#launch()
  }

  /** Keeps its files as they are now, under a name. */
  keepCopy(name: string): void {
    cpSync(this.folder, join(this.#folder, `copy-${name}`), { recursive: true })
  }

  /** Kills it and starts it with the files of that time. */
  async restartWithCopy(name: string): Promise<void> {
    await this.kill()
    rmSync(this.folder, { recursive: true, force: true })
    cpSync(join(this.#folder, `copy-${name}`), this.folder, { recursive: true })
    await this.#launch()
  }

  /** It answers nobody, and its connections stay open. */
  freeze(): void {
    this.#child?.kill('SIGSTOP')
  }

  thaw(): void {
    this.#child?.kill('SIGCONT')
  }

  async stop(): Promise<void> {
    await this.kill()
    rmSync(this.#folder, { recursive: true, force: true })
  }

  #disconnect(): void {
    this.#client?.disconnect()
    this.#client = undefined
  }

  async #launch(): Promise<void> {
    mkdirSync(this.folder, { recursive: true })
    const child = spawn(PROGRAM, configuration(this.port, this.folder, this.#options), {
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    this.#child = child
    for (const stream of [child.stdout, child.stderr]) {
      stream.on('data', (chunk: Buffer) => {
        this.#output += chunk
      })
    }
    this.#client = clientOf(this.port)
    const given = new AbortController()
    const ended = once(child, 'exit', { signal: given.signal }).then(() => {
      throw new Error(`redis-server ended:\n${this.#output}`)
    })
    const late = delay(READY_WITHIN_MS, undefined, { signal: given.signal }).then(() => {
      throw new Error(`redis-server is not up:\n${this.#output}`)
    })
    try {
      await Promise.race([ended, late, this.#answersItself(child)])
    } finally {
      given.abort()
      for (const never of [ended, late]) never.catch(() => {})
    }
  }

  /** Another Redis that has the port would answer as well: the process id says which it is. */
  async #answersItself(child: ChildProcess): Promise<void> {
    await this.command('PING')
    const id = await this.info('process_id')
    if (Number(id) !== child.pid) throw new Error(`port ${this.port} is another Redis's`)
  }
}

function configuration(
  port: number,
  folder: string,
  { appendOnly = 'no', config = {} }: RedisServerOptions,
): string[] {
  const lines = {
    port: String(port),
    bind: '127.0.0.1',
    dir: folder,
    save: '',
    'enable-debug-command': 'local',
    appendonly: appendOnly === 'no' ? 'no' : 'yes',
    ...(appendOnly !== 'no' && { appendfsync: appendOnly }),
    ...config,
  }
  return Object.entries(lines).flatMap(([name, value]) => [`--${name}`, value])
}

/** Waits for Redis however long it is away, and repeats nothing that was sent. */
function clientOf(port: number): Redis {
  const client = new Redis({
    host: '127.0.0.1',
    port,
    protocol: 2,
    autoResendUnfulfilledCommands: false,
    maxRetriesPerRequest: null,
    retryStrategy: () => 20,
    // A timer that outlives the connection, also where that had ended before.
    disconnectTimeout: 50,
    disableClientInfo: true,
  })
  client.on('error', () => {})
  return client
}
