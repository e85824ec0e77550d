// An option of a command. The same table parses the command line and writes the help, so that neither
// can know an option that the other doesn't.

export interface Option {
  readonly type: 'string' | 'boolean'
  readonly multiple?: true
  /** What stands for its value in the help: `TOPIC`. */
  readonly value?: string
  /** What it does, with its default. */
  readonly about: string
}

export type Options = Readonly<Record<string, Option>>
