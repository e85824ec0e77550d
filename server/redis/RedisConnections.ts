// The connections of this node to Redis, and the names of its keys. Nothing here waits for long or
// asks twice: a command that was cut off may have been carried out, and whoever sent it has to know.

import { Redis } from 'ioredis'
import type { Logger } from 'pino'

/** Long enough for a slow network, short enough for an answer within 3 s. */
const COMMAND_TIMEOUT_MS = 2000
const CONNECT_TIMEOUT_MS = 2000
const RECONNECT_MS = { first: 50, max: 1000 }

interface RedisConnectionsOptions {
  /** `redis://` or `rediss://`, with a user and password where Redis asks for them. */
  readonly url: string
  /** Two prefixes on one Redis never meet. */
  readonly prefix: string
  readonly logger: Pick<Logger, 'warn' | 'info'>
}

export class RedisConnections {
  readonly #options: RedisConnectionsOptions
  readonly #open = new Set<Redis>()
  /** For short commands, in the order in which they are given. They fail at once while it is away. */
  readonly commands: Redis
  #isAwayTold = false
  /** It was this node that ended the connection: there is nothing to tell if it comes back. */
  #isReconnecting = false

  constructor(options: RedisConnectionsOptions) {
    this.#options = options
    this.commands = this.open()
    this.commands.on('ready', () => this.#tellBack())
    this.commands.on('close', () => {
      if (!this.#isReconnecting) this.#tellAway()
    })
    this.commands.on('error', (error: Error) => this.#tellAway(error))
  }

  /** Whether `commands` can be sent now. */
  get isUp(): boolean {
    return this.commands.status === 'ready'
  }

  /** The whole name of a key. All of them stand in one hash slot, so that scripts may use any. */
  key(name: string): string {
    return `{${this.#options.prefix}}:${name}`
  }

  /**
   * One more connection, for what blocks. It comes back by itself; what was cut off is rejected, as
   * is what takes longer than `commandTimeoutMs`.
   */
  open(commandTimeoutMs = COMMAND_TIMEOUT_MS): Redis {
    const redis = new Redis(this.#options.url, {
      protocol: 2,
      enableOfflineQueue: false,
      // A command sent again might be carried out twice.
      autoResendUnfulfilledCommands: false,
      maxRetriesPerRequest: 0,
      commandTimeout: commandTimeoutMs,
      connectTimeout: CONNECT_TIMEOUT_MS,
      disableClientInfo: true,
      // Not exponential for long: recovery is promised within seconds of Redis's return.
      retryStrategy: (attempt) =>
        Math.min(RECONNECT_MS.max, RECONNECT_MS.first * 2 ** Math.min(attempt, 10)) *
        (0.5 + Math.random() / 2),
    })
    // Without a listener, ioredis writes to the console.
    redis.on('error', () => {})
    this.#open.add(redis)
    redis.on('end', () => this.#open.delete(redis))
    return redis
  }

  /** Ends the connection for commands, with what waits on it, and makes another. */
  reconnect(): void {
    this.#isReconnecting = true
    this.commands.disconnect(true)
  }

  close(): void {
    this.#isAwayTold = true
    for (const redis of this.#open) redis.disconnect()
  }

  #tellAway(error?: Error): void {
    if (this.#isAwayTold) return
    this.#isAwayTold = true
    const why = error && 'code' in error ? String(error.code) : error?.message
    const text = `Redis can't be reached at ${this.#address}; waiting for it`
    this.#options.logger.warn({ why }, text)
  }

  #tellBack(): void {
    this.#isReconnecting = false
    if (!this.#isAwayTold) return
    this.#isAwayTold = false
    this.#options.logger.info({ address: this.#address }, 'Redis is back')
  }

  /** Without what is secret in the URL. */
  get #address(): string {
    const { hostname, port } = new URL(this.#options.url)
    return `${hostname}:${port === '' ? 6379 : port}`
  }
}
