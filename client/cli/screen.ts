// What is written to the terminal: colours only where they are wanted, and nothing from outside
// that a terminal would obey.

import { styleText } from 'node:util'

/** Control characters, and what reorders or breaks a line of text. */
const UNSAFE = /[\p{Cc}\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/gu

/** With `\u001b` and so on in their place; text that is JSON stays the same JSON. */
export const harmless = (text: string): string =>
  text.replace(UNSAFE, (one) => `\\u${one.charCodeAt(0).toString(16).padStart(4, '0')}`)

/** A value as one line of JSON. */
export const compact = (value: unknown): string => harmless(JSON.stringify(value) ?? '')

type Style = Parameters<typeof styleText>[0]

/** Colours text for standard output, where that is a terminal and NO_COLOR is unset. */
export function paint(style: Style, text: string): string {
  const isPlain = !process.stdout.isTTY || process.env.NO_COLOR !== undefined
  return isPlain ? text : styleText(style, text)
}

export function print(line: string): void {
  process.stdout.write(`${line}\n`)
}

/** Beside the output: states, hints, faults. */
export function remark(line: string): void {
  process.stderr.write(`${line}\n`)
}

/** As one word of a shell's command line. */
export const quoted = (text: string): string =>
  /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`

/** Whoever reads the output may leave, as `head` does: that is no fault. */
export function endQuietlyWithoutReader(): void {
  for (const stream of [process.stdout, process.stderr]) {
    stream.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code !== 'EPIPE') throw error
      process.exit()
    })
  }
}
