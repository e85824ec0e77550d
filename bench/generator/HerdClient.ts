// A client that remembers where it stands: its cursor, and the numbers of the messages that came
// since it connected.

import { setTimeout as sleep } from 'node:timers/promises'
import { DIALECTS, type DialectName } from './dialects.js'
import { WireClient } from './WireClient.js'

export interface HerdClientOptions {
  readonly port: number
  readonly dialect: DialectName
  readonly token: string | undefined
  readonly topics: readonly string[]
}

const MAX_TRIES = 10
const RETRY_MS = 100
const MESSAGE = '{"op":"message"'
const CURSOR = /"cursor":"([^"]+)"/
const NUMBER = /"n":(\d+)/

export class HerdClient {
  numbers: number[] = []
  /** How often it was told that continuity was lost. */
  resyncs = 0
  /** How often it had to ask again for its connection. */
  retries = 0
  readonly #options: HerdClientOptions
  #wire: WireClient | undefined
  #cursor: string | undefined

  constructor(options: HerdClientOptions) {
    this.#options = options
  }

  /** Resolves when it is taken in. Tries again where it was hung up on before, as clients do. */
  async connect(): Promise<void> {
    this.numbers = []
    this.resyncs = 0
    for (let tries = 1; ; tries += 1) {
      try {
        return await this.#tryToConnect()
      } catch (error) {
        if (tries === MAX_TRIES) throw error
        this.retries += 1
        await sleep(RETRY_MS)
      }
    }
  }

  drop(): void {
    this.#wire?.destroy()
    this.#wire = undefined
  }

  async #tryToConnect(): Promise<void> {
    const { port, dialect, token, topics } = this.#options
    const isReading = dialect === 'syncline'
    this.#wire = new WireClient({
      port,
      dialect: DIALECTS[dialect],
      introduction: isReading ? { token, topics, since: this.#cursor } : { token },
      onText: isReading ? (text) => this.#read(text) : undefined,
    })
    await this.#wire.answered
  }

  #read(text: string): void {
    this.#cursor = CURSOR.exec(text)?.[1] ?? this.#cursor
    if (text.startsWith(MESSAGE)) this.numbers.push(Number(NUMBER.exec(text)?.[1]))
    else if (text.includes('"resync":true') || text.startsWith('{"op":"resync"')) this.resyncs += 1
  }
}
