// Listening on loopback, with room for everybody who connects at once.

import { once } from 'node:events'
import type { AddressInfo, Server } from 'node:net'

const BACKLOG = 4096

/** Resolves with the port. */
export async function listenOn(server: Server): Promise<number> {
  server.listen({ port: 0, host: '127.0.0.1', backlog: BACKLOG })
  await once(server, 'listening')
  return (server.address() as AddressInfo).port
}
