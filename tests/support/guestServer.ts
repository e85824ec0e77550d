// The server as a guest: attached to somebody else's Express app and HTTP server.

import { createServer, type Server } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import express, { type Express } from 'express'
import { pino } from 'pino'
import {
  createSyncServer,
  type SyncServer,
  type SyncServerOptions,
} from '../../server/createSyncServer.js'
import { UNLIMITED } from './testServer.js'

export interface GuestServer {
  readonly app: Express
  readonly host: Server
  readonly sync: SyncServer
  readonly url: string
  /** The connections that the host has now, as its side sees them. */
  readonly sockets: ReadonlySet<Socket>
  /** Ends both, and every connection that the host has. */
  close(): Promise<void>
}

/** `prepare` is the host before its guest comes: its middleware, routes and listeners. */
export async function startGuestServer(
  options: SyncServerOptions = {},
  prepare: (app: Express, host: Server) => void = () => {},
): Promise<GuestServer> {
  const app = express()
  const host = createServer(app)
  const sockets = new Set<Socket>()
  host.on('connection', (socket) => {
    sockets.add(socket)
    socket.on('close', () => sockets.delete(socket))
  })
  prepare(app, host)
  const sync = await createSyncServer({
    logger: pino({ level: 'silent' }),
    shutdownTimeoutMs: 500,
    reconnectSpreadMs: 0,
    ...UNLIMITED,
    ...options,
  })
  sync.attach({ app, server: host })
  await new Promise<void>((resolve) => host.listen(0, '127.0.0.1', resolve))
  return {
    app,
    host,
    sync,
    sockets,
    url: `http://127.0.0.1:${(host.address() as AddressInfo).port}`,
    async close() {
      await sync.close()
      // An upgrade that the host ignores is known to nobody else.
      for (const socket of sockets) socket.destroy()
      await new Promise((resolve) => host.close(resolve))
    },
  }
}
