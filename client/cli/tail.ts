// `syncline tail`: follows the log with the client that pages use, so what it shows of transports,
// resyncs and cursors is what they see.

import { WebSocket } from 'ws'
import { ConnectionManager } from '../connection/index.js'
import { TRANSPORTS } from '../connection/transport.js'
import type { Arguments } from './Arguments.js'
import { ask } from './ask.js'
import { CliFault, misuse } from './CliFault.js'
import type { Command } from './Command.js'
import { narrate } from './narrate.js'
import { compact, print, quoted, remark } from './screen.js'
import { showMessage } from './showMessage.js'
import { TARGET_OPTIONS, type Target, targetArguments, targetOf } from './target.js'

const SINCE = /^(now|\d{1,16}|\d{1,16}-\d{1,20}\.[a-z0-9]{6,16})$/

export const tail: Command = {
  name: 'tail',
  operands: '',
  summary: 'follow the messages that you may see',
  about: `Prints each message as it comes: time, type, audience, payload; on standard error how the
connection stands. Ctrl-C prints the cursor, and the command that goes on from there.`,
  options: {
    topic: {
      type: 'string',
      multiple: true,
      value: 'TOPIC',
      about: 'subscribes to it; may be repeated (default: none)',
    },
    since: {
      type: 'string',
      value: 'CURSOR|0|now',
      about: 'where to start; 0 is all that is retained (default: now)',
    },
    type: { type: 'string', value: 'TYPE', about: 'prints only messages of this type' },
    transport: {
      type: 'string',
      value: 'NAME',
      about: 'only websocket, sse, long-poll or poll (default: the best that works)',
    },
    json: { type: 'boolean', about: 'prints messages as JSON, one per line' },
    ...TARGET_OPTIONS,
  },
  examples: [
    'npx syncline tail --topic orders',
    'npx syncline tail --since 0 --json | head -3',
    'npx syncline tail --transport sse',
  ],

  async run(given) {
    given.require(0, 0)
    const target = targetOf(given)
    const connection = connectionTo(target, given)
    const type = given.text('type')
    const isJson = given.has('json')
    connection.onMessage((message) => print(isJson ? compact(message) : showMessage(message)), {
      ...(type !== undefined && { type }),
    })
    narrate(connection)
    connection.connect()
    const sayWhere = () => {
      const cursor = connection.cursor ?? given.text('since') ?? 'now'
      remark(`\nat ${cursor}; to go on from here:\n  ${goingOn(given, cursor)}`)
    }
    endOnSignals(sayWhere)
    await failureOf(connection, target).finally(() => connection.cursor && sayWhere())
  },
}

function connectionTo({ url, token }: Target, given: Arguments): ConnectionManager {
  const since = given.text('since') ?? 'now'
  if (!SINCE.test(since)) throw misuse('--since takes a cursor, 0 or now')
  const asked = given.text('transport')
  const transport = TRANSPORTS.find((name) => name === asked)
  if (asked !== undefined && transport === undefined) {
    throw misuse(`--transport takes one of ${TRANSPORTS.join(', ')}`)
  }
  try {
    return new ConnectionManager({
      baseUrl: url,
      WebSocket,
      since,
      topics: [...new Set(given.texts('topic'))],
      ...(token !== undefined && { token }),
      ...(transport !== undefined && { transports: [transport] }),
    })
  } catch (error) {
    throw misuse((error as Error).message)
  }
}

/** Rejects where going on is senseless: before the first connection any failure is the answer. */
function failureOf(connection: ConnectionManager, target: Target): Promise<never> {
  return new Promise((_resolve, reject) => {
    connection.on('error', (error) => {
      if (connection.cursor !== undefined && connection.getSnapshot().status !== 'failed') return
      connection.disconnect()
      // A plain request says more about the reason than a connection is told.
      ask(target, { path: '/api/sync/status' }).then(
        () => reject(new CliFault(`${target.url} can't be followed: ${error.message}`)),
        reject,
      )
    })
  })
}

function endOnSignals(sayWhere: () => void): void {
  const end = () => {
    sayWhere()
    process.exit(0)
  }
  process.on('SIGINT', end)
  process.on('SIGTERM', end)
}

/** The same command again, from this cursor. */
function goingOn(given: Arguments, cursor: string): string {
  const rest = ['topic', 'type', 'transport'].flatMap((name) =>
    given.texts(name).flatMap((value) => [`--${name}`, value]),
  )
  const flags = given.has('json') ? ['--json'] : []
  const words = ['--since', cursor, ...rest, ...flags, ...targetArguments(given)]
  return ['npx syncline tail', ...words.map(quoted)].join(' ')
}
