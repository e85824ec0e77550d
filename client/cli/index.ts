#!/usr/bin/env node
// The command line's entry: finds the command, and turns its faults into a line and an exit code.

import { readFileSync } from 'node:fs'
import { Arguments } from './Arguments.js'
import { broadcast } from './broadcast.js'
import { CliFault, misuse } from './CliFault.js'
import type { Command } from './Command.js'
import { helpOn, overview } from './help.js'
import { endQuietlyWithoutReader, harmless, print, remark } from './screen.js'
import { send } from './send.js'
import { start } from './start.js'
import { status } from './status.js'
import { tail } from './tail.js'
import { token } from './token.js'

const COMMANDS: readonly Command[] = [start, send, broadcast, tail, status, token]

endQuietlyWithoutReader()
try {
  await run(process.argv.slice(2))
} catch (error) {
  if (!(error instanceof CliFault)) throw error
  remark(`syncline: ${error.message}`)
  process.exitCode = error.exitCode
}

async function run([first, ...rest]: readonly string[]): Promise<void> {
  switch (first) {
    case undefined:
    case '--help':
    case '-h':
      return print(overview(COMMANDS))
    case '--version':
      return print(version())
    case 'help':
      return print(rest[0] === undefined ? overview(COMMANDS) : helpOn(find(rest[0])))
    default:
      return perform(find(first), rest)
  }
}

async function perform(command: Command, line: readonly string[]): Promise<void> {
  try {
    const given = new Arguments(line, command.options)
    if (given.has('help')) return print(helpOn(command))
    await command.run(given)
  } catch (error) {
    if (!(error instanceof CliFault) || error.exitCode !== 2) throw error
    throw misuse(`${error.message}\nsee: npx syncline help ${command.name}`)
  }
}

function find(name: string): Command {
  const command = COMMANDS.find((each) => each.name === name)
  if (command !== undefined) return command
  throw misuse(`there is no command ${harmless(name)}\nsee: npx syncline --help`)
}

function version(): string {
  const manifest = readFileSync(new URL('../../../package.json', import.meta.url), 'utf8')
  return String(JSON.parse(manifest).version)
}
