// What applications talk to: the client's methods, events and snapshot. How it works is in
// `client.ts`.

import { createClient } from './client.js'
import type { Environment } from './environment.js'
import type { Draft, MessageFilter, MessageOf, Sent } from './messages.js'
import type { ConnectionOptions, ResolvedOptions } from './options.js'
import type { ConnectionEvents, Snapshot } from './snapshot.js'

/**
 * Keeps one stream of messages alive over whatever the network lets through. Its methods are bound:
 * `const { send, onMessage } = manager` works.
 */
export class ConnectionManager {
  declare readonly options: ResolvedOptions

  /** Starts, and stays connected until `disconnect()`. Does nothing where it has started. */
  declare readonly connect: () => void

  /**
   * Ends the connection and all attempts. Sends that wait are rejected. The position is kept: a
   * later `connect()` reads on from it.
   */
  declare readonly disconnect: () => void

  /** Connects anew, at once: also after `failed`. What carries now goes on until then. */
  declare readonly reconnect: () => void

  /**
   * Publishes a message, over whatever carries. Resolves with the server's answer once the log has
   * it. While there is no connection it waits, up to `maxOutbox` of them; it is repeated safely,
   * with an idempotency key, for some minutes after its first try.
   *
   * Rejects with a `ConnectionError`: the server's own code (`forbidden`, `invalid_message` …),
   * `outbox_full`, `not_sent` (given up before it was tried), `indeterminate` (nobody can say
   * whether it was applied) or `not_loaded`. An `idempotencyKey` of your own makes your own repeats
   * safe, too.
   */
  declare readonly send: <Type extends string>(
    draft: Draft<Type>,
    options?: { readonly idempotencyKey?: string },
  ) => Promise<Sent>

  /**
   * Reads these topics from here on, also after reconnecting. Counted: a topic is dropped when
   * `unsubscribe` was called as often. Throws for a name that no server takes, and for more than 50
   * in all.
   */
  declare readonly subscribe: (topics: readonly string[]) => void

  /** Drops what was subscribed to as often. */
  declare readonly unsubscribe: (topics: readonly string[]) => void

  /**
   * Goes on with another token; `undefined` for none. One of the same user costs no message; another
   * user's drops the position, the topics and whatever waits to be sent, and so does one of which
   * that can't be told (no JWT). Also starts again where a refused token was the reason for `failed`.
   */
  declare readonly setAuthToken: (token: string | undefined) => void

  /**
   * Calls `handler` with each message, in order; returns what ends that. A handler that throws
   * keeps nobody else from hearing it.
   */
  declare readonly onMessage: <Type extends string = string>(
    handler: (message: MessageOf<Type>) => void,
    filter?: MessageFilter<Type>,
  ) => () => void

  /** Returns what ends it. What a listener causes is told when all have heard the cause. */
  declare readonly on: <Name extends keyof ConnectionEvents>(
    name: Name,
    listener: (event: ConnectionEvents[Name]) => void,
  ) => () => void

  /** How things stand; `on('status')` tells of changes. */
  declare readonly getSnapshot: () => Snapshot

  /** How things stood before the first `connect()`: what a server renders. */
  declare readonly getInitialSnapshot: () => Snapshot

  /** The position: hand it to `since` later, to read on from here. `undefined` before the first. */
  declare readonly cursor: string | undefined

  /**
   * Opens nothing yet: call `connect()`. `environment` replaces the clock, the network and so on
   * in tests. Throws a `ConnectionError` `invalid_options` that says what is wrong.
   */
  constructor(options: ConnectionOptions = {}, environment?: Partial<Environment>) {
    const client: ConnectionManager = createClient(options, environment)
    Object.defineProperties(this, Object.getOwnPropertyDescriptors(client))
  }
}
