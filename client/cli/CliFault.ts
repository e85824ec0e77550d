// What ends a command: a sentence for standard error that says what to do, and the exit code.

/** 1: it could not be done; 2: it was asked for wrongly. */
export class CliFault extends Error {
  override readonly name = 'CliFault'
  readonly exitCode: 1 | 2

  constructor(message: string, exitCode: 1 | 2 = 1) {
    super(message)
    this.exitCode = exitCode
  }
}

/** The command line makes no sense: says what would. */
export const misuse = (message: string): CliFault => new CliFault(message, 2)
