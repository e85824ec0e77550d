// What a connection is made with: checked once, defaults filled in.

import { ConnectionError } from './ConnectionError.js'
import type { SocketConstructor } from './environment.js'
import { TRANSPORTS, type TransportName } from './transport.js'

export interface ConnectionOptions {
  /** The server's address, as `https://sync.example.com`. Default: the page's own origin. */
  readonly baseUrl?: string
  /** Default: `/ws` at `baseUrl`. */
  readonly websocketUrl?: string
  /** Default: `/api/sync/poll` at `baseUrl`. */
  readonly pollingUrl?: string
  /** Default: `/api/sync/stream` at `baseUrl`. */
  readonly streamUrl?: string
  /** Default: `/api/sync/send` at `baseUrl`. */
  readonly sendUrl?: string
  /** Milliseconds between two requests of interval polling. Default 5000. */
  readonly pollingInterval?: number
  /** After so many failures of all transports in a row the status is `failed`. Default: never. */
  readonly maxReconnectAttempts?: number
  /** Milliseconds in which a transport has to deliver its first frame. Default 10000. */
  readonly connectionTimeout?: number
  /** Sends that may wait for an answer or for the network. Default 100. */
  readonly maxOutbox?: number
  /** Topics to subscribe to from the start. */
  readonly topics?: readonly string[]
  /** Where to start: `now` (the default), `0` (everything retained), or a cursor kept from before. */
  readonly since?: string
  /** Who you are. Kept in memory only. */
  readonly token?: string | undefined
  /** Asked for a token before the first connection, and whenever the server wants a fresh one. */
  readonly getToken?: () => string | Promise<string>
  /** The transports to use, best first. Default: `websocket`, `sse`, `long-poll`, `poll`. */
  readonly transports?: readonly TransportName[]
  /** For Node before 22: `import { WebSocket } from 'ws'`. Default: the global one. */
  readonly WebSocket?: SocketConstructor
  /** Default: the global one. */
  readonly fetch?: typeof fetch
}

export type ResolvedOptions = Required<Omit<ConnectionOptions, OptionalName>> &
  Pick<ConnectionOptions, OptionalName>
type OptionalName = 'token' | 'getToken' | 'WebSocket' | 'fetch'

const TOPIC = /^[A-Za-z0-9][A-Za-z0-9._:-]{0,199}$/

/** Throws a `ConnectionError` `invalid_options` that names what is wrong. */
export function resolveOptions(options: ConnectionOptions): ResolvedOptions {
  const baseUrl = absolute(options.baseUrl ?? globalThis.location?.origin ?? '')
  const resolved = {
    pollingInterval: 5000,
    maxReconnectAttempts: Infinity,
    connectionTimeout: 10_000,
    maxOutbox: 100,
    topics: [],
    since: 'now',
    transports: TRANSPORTS,
    pollingUrl: `${baseUrl}/api/sync/poll`,
    streamUrl: `${baseUrl}/api/sync/stream`,
    sendUrl: `${baseUrl}/api/sync/send`,
    // An option given as `undefined` is one that is not given.
    ...Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined)),
    baseUrl,
  } as unknown as ResolvedOptions
  for (const [name, value] of Object.entries(resolved)) {
    if (typeof value === 'number' && !(value > 0)) throw invalid(`${name}: must be above 0`)
  }
  checkTopics(resolved.topics)
  const websocketUrl = absolute(options.websocketUrl ?? `${baseUrl}/ws`).replace(/^http/, 'ws')
  return { ...resolved, websocketUrl }
}

/** Throws for what no server takes (docs/protocol.md): it would refuse the whole connection. */
export function checkTopics(topics: readonly string[]): void {
  for (const topic of topics) {
    if (!TOPIC.test(topic)) throw invalid(`"${topic}" is no topic: letters, digits and ._:-`)
  }
  if (topics.length > 50 || topics.join().length > 4096)
    throw invalid('too many topics: at most 50')
}

function absolute(url: string): string {
  try {
    return new URL(url, globalThis.location?.href).href.replace(/\/$/, '')
  } catch {
    throw invalid(`${url || 'baseUrl'}: no address`)
  }
}

const invalid = (message: string) => new ConnectionError('invalid_options', message)
