// A real server in this process, on a free port, with real sockets.

import { pino } from 'pino'
import {
  createSyncServer,
  type SyncServer,
  type SyncServerOptions,
} from '../../server/createSyncServer.js'
import { waitFor } from './waitFor.js'

/** Most tests publish more than one user may; those about limits set their own. */
export const UNLIMITED = { rateLimitMax: 0, maxFramesPerSecond: 0 } as const

export interface TestServer {
  /** `http://127.0.0.1:<port>` */
  readonly url: string
  readonly server: SyncServer
  close(): Promise<void>
}

export async function startTestServer(options: SyncServerOptions = {}): Promise<TestServer> {
  const server = await createSyncServer({
    port: 0,
    host: '127.0.0.1',
    shutdownTimeoutMs: 500,
    reconnectSpreadMs: 0,
    ...UNLIMITED,
    logger: pino({ level: 'silent' }),
    ...options,
  })
  const { url } = await server.listen()
  return { url, server, close: () => server.close() }
}

/** One on the port of a server that is gone. Others on this machine may use it for a moment. */
export function startTestServerAt(port: number): Promise<TestServer> {
  return waitFor('the port to be free', () =>
    startTestServer({ port }).catch((error: unknown) => {
      if (!String(error).includes('in use')) throw error
      return undefined
    }),
  )
}
