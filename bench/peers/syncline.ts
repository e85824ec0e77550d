// Syncline as its users have it: the built package, attached to an Express app. No limits that would
// stop a bench of one machine, and everything else by default.

import { createServer } from 'node:http'
import express from 'express'
import { createSyncServer, type PrincipalInput } from 'syncline'
import { PAYLOAD, type Rooms, roomsOf, TYPE } from '../plan.js'
import { serveFanOut } from './fanOutPeer.js'
import { listenOn } from './listenOn.js'

const MANY = 50_000

const { payload = PAYLOAD, ...settings } = JSON.parse(process.argv[2] ?? '{}')

const app = express()
const server = createServer(app)
const sync = await createSyncServer({
  authenticate: ({ token }) => principalOf(token ?? ''),
  maxConnections: MANY,
  maxConnectionsPerAddress: MANY,
  rateLimitReadMax: 0,
  logLevel: 'warn',
  ...settings,
})
sync.attach({ app, server })

/** A token is `<client>.<rooms>`. */
function principalOf(token: string): PrincipalInput {
  const [client = '', rooms = 'none'] = token.split('.')
  const read = roomsOf(Number(client), rooms as Rooms)
  return {
    userId: `user:${client}`,
    roles: read.filter((room) => room.startsWith('role:')),
    topics: { subscribe: read.filter((room) => room.startsWith('topic:')), publish: [] },
  }
}

function audienceOf(room: string | undefined) {
  if (room === undefined) return {}
  if (room.startsWith('user:')) return { userId: room }
  return room.startsWith('role:') ? { roles: [room] } : { topics: [room] }
}

function failed(error: unknown): void {
  process.stderr.write(`${error}\n`)
  process.exit(1)
}

serveFanOut({
  port: await listenOn(server),
  publish(room) {
    sync.publish({ type: TYPE, payload, ...audienceOf(room) }).catch(failed)
  },
})
