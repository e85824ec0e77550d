// Opens and closes the HTTP servers. `localhost` means both loopback addresses: Node alone would
// bind one, and which one depends on the machine.

import { once } from 'node:events'
import { createServer, type RequestListener, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { ConfigError } from '../shared/errors.js'
import { answerClientErrors } from './clientErrors.js'
import { endSilent, limitSockets, type SocketLimits } from './socketLimits.js'

/**
 * What keeps slow headers, slow bodies and idle peers in bounds, and proxies' reuse safe. Who is slow
 * is found when the connections are looked at: within 15 s, all in all.
 */
const BOUNDS = {
  keepAliveTimeout: 75_000,
  headersTimeout: 10_000,
  requestTimeout: 12_000,
  connectionsCheckingInterval: 2_000,
  maxHeaderSize: 16 * 1024,
  // Node would refuse it without a word of why.
  requireHostHeader: false,
}

const WITHOUT_IPV6: ReadonlySet<string> = new Set(['EADDRNOTAVAIL', 'EAFNOSUPPORT'])

/** After this long without a byte in either direction: well over a held poll or a heartbeat. */
const SILENCE_MS = 60_000

/** A herd may come at once: more than Node's 511 wait to be accepted, up to what the system allows. */
const BACKLOG = 4096

/** As long as a publish may take. */
const LAST_ANSWERS_MS = 3000
/** Whoever connects asks within that time, if it is not for later. */
const FIRST_WORD_MS = 500
/** How long a closed server waits for its last connections to be gone. */
const LAST_CONNECTIONS_MS = 500

/** Where a server listens. */
export interface Listening {
  readonly port: number
  readonly url: string
}

interface ListenOptions {
  readonly host: string
  readonly port: number
  readonly onRequest: RequestListener
  readonly attach: (server: Server) => void
  readonly sockets: SocketLimits
}

/** Listens on every address that `host` means. Throws `ConfigError` where it can't. */
export async function listen(options: ListenOptions): Promise<Server[]> {
  const { host, port } = options
  try {
    return host === 'localhost' ? await openLoopback(options) : [await open(options, host, port)]
  } catch (error) {
    throw explained(error, host, port)
  }
}

/** Every address of the machine rather than one. */
export const isWildcard = (host: string): boolean => host === '0.0.0.0' || host === '::'

/** Where these servers, opened for `host`, are reached. */
export function listeningAt(host: string, [first]: readonly Server[]): Listening {
  if (first === undefined) throw new Error('no server is listening')
  const port = portOf(first)
  const name = isWildcard(host) ? 'localhost' : host
  return { port, url: `http://${name.includes(':') ? `[${name}]` : name}:${port}` }
}

function portOf(server: Server): number {
  return (server.address() as AddressInfo).port
}

async function openLoopback(options: ListenOptions): Promise<Server[]> {
  const first = await open(options, '127.0.0.1', options.port)
  try {
    return [first, await open(options, '::1', portOf(first))]
  } catch (error) {
    if (WITHOUT_IPV6.has(codeOf(error))) return [first]
    first.close()
    // Any free port was asked for, and this one is free on one of the two addresses only.
    if (options.port === 0 && codeOf(error) === 'EADDRINUSE') return openLoopback(options)
    throw error
  }
}

async function open(options: ListenOptions, address: string, port: number): Promise<Server> {
  const server = createServer(BOUNDS, options.onRequest)
  server.setTimeout(SILENCE_MS)
  // Beyond a count Node would drop headers without a word, a credential perhaps; their size is bounded.
  server.maxHeadersCount = 0
  answerClientErrors(server)
  limitSockets(server, options.sockets)
  options.attach(server)
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen({ port, host: address, backlog: BACKLOG }, resolve)
  })
  return server
}

/**
 * Lets answers that are under way come to their end: what they acknowledge has happened. Waits for no
 * peer beyond that: an upgraded socket that never hangs up would hold the server open for good.
 */
export async function closeServer(server: Server): Promise<void> {
  const closedWithin = (ms: number) =>
    once(server, 'close', { signal: AbortSignal.timeout(ms) }).then(
      () => true,
      () => false,
    )
  // Right after the event loop has read what came: a request that waits unread would be cut off.
  await new Promise((resolve) => setImmediate(resolve))
  const closed = closedWithin(LAST_ANSWERS_MS)
  // Connections that are idle end with this.
  server.close()
  // Node takes those who have yet to ask for something for busy.
  const timer = setTimeout(() => endSilent(server), FIRST_WORD_MS)
  const isClosed = await closed
  clearTimeout(timer)
  if (isClosed) return
  const ended = closedWithin(LAST_CONNECTIONS_MS)
  server.closeAllConnections()
  await ended
}

function explained(error: unknown, host: string, port: number): unknown {
  switch (codeOf(error)) {
    case 'EADDRINUSE': {
      const other = port === 65_535 ? port - 1 : port + 1
      return new ConfigError(`port ${port} is in use; try another, such as PORT=${other}`)
    }
    case 'EACCES':
      return new ConfigError(
        `PORT=${port} needs rights that this process lacks; take one above 1023`,
      )
    case 'EADDRNOTAVAIL':
    case 'ENOTFOUND':
      return new ConfigError(`HOST=${host} is not a name or address of this machine`)
    default:
      return error
  }
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : ''
}
