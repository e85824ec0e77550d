// What every command is made of.

import type { Arguments } from './Arguments.js'
import type { Options } from './Option.js'

export interface Command {
  readonly name: string
  /** What may stand on the line beside options: `TYPE [PAYLOAD]`. */
  readonly operands: string
  /** One line, for the list of commands. */
  readonly summary: string
  /** What it does, in lines. */
  readonly about: string
  readonly options: Options
  /** Lines that can be pasted. */
  readonly examples: readonly string[]
  /** Resolves when it is done. Throws a `CliFault`. */
  run(given: Arguments): Promise<void>
}
