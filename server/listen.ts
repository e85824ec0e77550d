// Opens the HTTP servers. `localhost` means both loopback addresses: Node alone would bind one,
// and which one depends on the machine.

import { createServer, type RequestListener, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { ConfigError } from './config.js'

/** What keeps slow headers, slow bodies and idle peers in bounds, and proxies' reuse safe. */
const TIMEOUTS = {
  keepAliveTimeout: 75_000,
  headersTimeout: 10_000,
  requestTimeout: 15_000,
  connectionsCheckingInterval: 2_000,
}

interface ListenOptions {
  readonly host: string
  readonly port: number
  readonly onRequest: RequestListener
  readonly attach: (server: Server) => void
}

/** Listens on every address that `host` means. Throws `ConfigError` where the port can't be had. */
export async function listen({ host, port, onRequest, attach }: ListenOptions): Promise<Server[]> {
  const open = async (address: string, onPort: number) => {
    const server = createServer(TIMEOUTS, onRequest)
    attach(server)
    await opened(server, address, onPort)
    return server
  }
  if (host !== 'localhost') return [await open(host, port)]

  const first = await open('127.0.0.1', port)
  try {
    return [first, await open('::1', portOf(first))]
  } catch (error) {
    if (isWithoutIPv6(error)) return [first]
    first.close()
    // Any free port was asked for, and this one is free on one of the two addresses only.
    if (port === 0) return listen({ host, port, onRequest, attach })
    throw error
  }
}

export function portOf(server: Server): number {
  return (server.address() as AddressInfo).port
}

function opened(server: Server, address: string, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => {
      reject(error.code === 'EADDRINUSE' ? portInUse(port) : error)
    })
    server.listen(port, address, resolve)
  })
}

function portInUse(port: number): ConfigError {
  return new ConfigError(
    `port ${port} is in use by another program; try another: PORT=${port === 65_535 ? port - 1 : port + 1} npm start`,
  )
}

function isWithoutIPv6(error: unknown): boolean {
  const code = error instanceof Error && 'code' in error ? error.code : undefined
  return code === 'EADDRNOTAVAIL' || code === 'EAFNOSUPPORT'
}
