// `send` and `broadcast` differ in their route and in whom a message is for by default.

import type { Arguments } from './Arguments.js'
import { ask } from './ask.js'
import { misuse } from './CliFault.js'
import type { Options } from './Option.js'
import { compact, harmless, print } from './screen.js'
import { TARGET_OPTIONS, targetOf } from './target.js'

export const PUBLISHING_OPTIONS: Options = {
  topic: {
    type: 'string',
    multiple: true,
    value: 'TOPIC',
    about: 'to those who are subscribed to it; may be repeated',
  },
  user: {
    type: 'string',
    value: 'USER',
    about: 'to this user alone; topics are then only labels',
  },
  role: {
    type: 'string',
    multiple: true,
    value: 'ROLE',
    about: 'to those who have it; may be repeated; goes before topics',
  },
  key: {
    type: 'string',
    value: 'KEY',
    about: 'idempotency key: the same message with it again, for 5 minutes, publishes once',
  },
  json: { type: 'boolean', about: "prints the server's answer as JSON" },
  ...TARGET_OPTIONS,
}

/** Publishes what the command line says, and prints the answer. */
export async function publish(given: Arguments, path: string): Promise<void> {
  given.require(1, 2)
  const target = targetOf(given)
  const key = given.text('key')
  const answer = await ask(target, {
    path,
    body: await bodyOf(given),
    // Header bytes are read as UTF-8 there, and written as Latin-1 here.
    ...(key !== undefined && { headers: { 'Idempotency-Key': latin1(key) } }),
  })
  if (given.has('json')) return print(compact(answer))
  const { messageId, cursor, recipients, duplicate } = answer
  print(duplicate === true ? 'published before, by the same key' : 'published')
  print(`  id      ${harmless(String(messageId))}`)
  print(`  cursor  ${harmless(String(cursor))}`)
  if (recipients === undefined) return
  print(`  reached ${recipients} connection${recipients === 1 ? '' : 's'} now`)
}

/** The payload goes out to the letter: read and written again, large numbers would be others. */
async function bodyOf(given: Arguments): Promise<string> {
  const [type, operand] = given.operands
  const payload = operand === '-' ? await readInput() : operand
  if (payload !== undefined) requireJson(payload)
  const roles = given.texts('role')
  const topics = given.texts('topic')
  const rest = {
    type,
    userId: given.text('user'),
    ...(roles.length > 0 && { roles }),
    ...(topics.length > 0 && { topics }),
  }
  const json = JSON.stringify(rest)
  return payload === undefined ? json : `${json.slice(0, -1)},"payload":${payload}}`
}

function requireJson(payload: string): void {
  try {
    JSON.parse(payload)
  } catch {
    throw misuse(`the payload is not JSON: put it in single quotes, as '{"id":7}' or '"text"'`)
  }
}

async function readInput(): Promise<string> {
  const chunks: Buffer[] = []
  for await (const chunk of process.stdin) chunks.push(chunk)
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(Buffer.concat(chunks))
  } catch {
    throw misuse('standard input is not UTF-8')
  }
}

function latin1(key: string): string {
  if (/^[^\p{Cc}]{1,128}$/u.test(key)) return Buffer.from(key, 'utf8').toString('latin1')
  throw misuse('--key has to be 1 to 128 characters without control characters')
}
