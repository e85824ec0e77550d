// Where log lines go: JSON on standard output, one per line. JSON escapes what ASCII has of control
// characters, and leaves the others as they are, though terminals obey them just as well.

import { type DestinationStream, type Logger, type LoggerOptions, pino } from 'pino'

/** DEL and C1, the other line ends, and what turns the direction of text. */
const OBEYED = /[\u007f-\u009f\u2028\u2029\u202a-\u202e\u2066-\u2069]/g

const escaped = (character: string): string =>
  `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`

/** `destination`: standard output by default. */
export function createLogger(level: string, destination?: DestinationStream): Logger {
  const options: LoggerOptions = {
    level,
    hooks: { streamWrite: (line) => line.replace(OBEYED, escaped) },
  }
  return destination === undefined ? pino(options) : pino(options, destination)
}
