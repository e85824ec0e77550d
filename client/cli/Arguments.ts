// The command line, read by a command's own table of options. Never repeats a value that was given:
// somebody may have put a secret there.

import { parseArgs } from 'node:util'
import { misuse } from './CliFault.js'
import type { Options } from './Option.js'

type Value = string | boolean | (string | boolean)[] | undefined

export class Arguments {
  readonly operands: readonly string[]
  readonly #values: Readonly<Record<string, Value>>

  /** Throws a `CliFault` for an option that isn't in the table, or that lacks its value. */
  constructor(line: readonly string[], options: Options) {
    refuseSecrets(line)
    try {
      const { values, positionals } = parseArgs({
        args: [...line],
        options: { ...options, help: { type: 'boolean', short: 'h' } },
        allowPositionals: true,
      })
      this.#values = values
      this.operands = positionals
    } catch (error) {
      if (!(error instanceof TypeError)) throw error
      const [sentence = ''] = error.message.split(/[.]? *\n|[.] /)
      throw misuse(`${sentence} (what begins with - and is no option stands behind --)`)
    }
  }

  has(name: string): boolean {
    return this.#values[name] !== undefined
  }

  /** The value of an option, `undefined` where it wasn't given. An empty one is a mistake. */
  text(name: string): string | undefined {
    return this.texts(name).at(-1)
  }

  /** All values of an option that may be repeated. */
  texts(name: string): readonly string[] {
    const value = this.#values[name]
    const all = (Array.isArray(value) ? value : [value]).filter((one) => typeof one === 'string')
    if (all.includes('')) throw misuse(`--${name} is empty`)
    return all
  }

  /** Throws where there are fewer or more operands than the command takes. */
  require(min: number, max: number): void {
    if (this.operands.length < min) throw misuse('something is missing')
    if (this.operands.length > max) {
      throw misuse('there is too much on the line; put JSON, and names with spaces, in quotes')
    }
  }
}

/** It would stand in the list of processes and in the shell's history. */
function refuseSecrets(line: readonly string[]): void {
  const end = line.indexOf('--')
  const options = end < 0 ? line : line.slice(0, end)
  const isGiven = (name: string) =>
    options.some((each) => each === name || each.startsWith(`${name}=`))
  if (isGiven('--token')) {
    throw misuse(
      'a token does not belong on the command line, where others can read it: ' +
        'set SYNCLINE_TOKEN, or name a file with --token-file',
    )
  }
  if (isGiven('--secret')) {
    throw misuse(
      'a secret does not belong on the command line, where others can read it: ' +
        'set AUTH_JWT_SECRET, or put it into .env here',
    )
  }
}
