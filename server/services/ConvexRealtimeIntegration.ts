// Convex and this server: publishes what Convex's mutations change, and what its watched queries show.
// The only file of the server that imports `convex`; what needs no Convex stands in `convex/` beside it.

import { createHash } from 'node:crypto'
import { ConvexClient, ConvexHttpClient } from 'convex/browser'
import {
  type FunctionArgs,
  type FunctionReference,
  type FunctionReturnType,
  getFunctionName,
  makeFunctionReference,
} from 'convex/server'
import { convexToJson, type JSONValue, jsonToConvex, type Value } from 'convex/values'
import { ConfigError } from '../../shared/errors.js'
import type { QueryUpdate, ToDrafts } from './convex/ChangePublisher.js'
import type { LineClient } from './convex/ConvexLine.js'
import { type Drafts, draftBy, listOf, type RealtimeSyncRule } from './convex/messages.js'
import { PublishingHelpers } from './convex/PublishingHelpers.js'
import type { WatchStatus } from './convex/QueryWatch.js'
import { type Watch, Watches } from './convex/Watches.js'
import { draftsBy, type WatchByName, type WatchRule } from './convex/watched.js'
import type { Integration, IntegrationHost } from './Integration.js'

export type {
  Announcement,
  ConvexUpdate,
  DownloadUpdate,
  Notification,
  Operation,
  RealtimeSyncRule,
  TableUpdate,
} from './convex/messages.js'
export type { Changes } from './convex/resultState.js'
export type { QueryUpdate, Watch, WatchByName, WatchRule, WatchStatus }

/** A mutation that takes longer is given up; it may be committed all the same. */
const MUTATION_TIMEOUT_MS = 30_000

export interface ConvexRealtimeOptions {
  /** The deployment's address; needed for `runMutation` and `watch`. */
  readonly url?: string
  /** Signs watched queries in: a token for Convex, fetched anew when it ends. Default: nobody. */
  readonly fetchToken?: () => Promise<string | null>
  /** Queries to watch from the start, as the file CONVEX_WATCH_FILE names them. */
  readonly watches?: readonly WatchByName[]
}

export interface RunMutationOptions<Args, Result> {
  readonly publish: RealtimeSyncRule<[Args], Result> | ((result: Result, args: Args) => Drafts)
  /** Runs it as this user: a token for Convex. */
  readonly token?: string
}

interface QueryCall {
  readonly reference: FunctionReference<'query'>
  readonly args: Record<string, Value>
}

/** Handed to `createSyncServer({ convex })`, which starts and stops it. */
export class ConvexRealtimeIntegration extends PublishingHelpers implements Integration {
  readonly #options: ConvexRealtimeOptions
  readonly #watches = new Watches<QueryCall>()
  #host: IntegrationHost | undefined

  /** Throws `ConfigError`. */
  constructor(options: ConvexRealtimeOptions = {}) {
    super()
    this.#options = options
    for (const { name, query, args, ...rule } of options.watches ?? []) {
      const values = valuesOf(args, name)
      this.watch(makeFunctionReference<'query'>(query), values, rule, { name })
    }
  }

  /**
   * Runs a mutation of Convex, and publishes after its success as `withRealtimeSync` does. Rejects with
   * Convex's own error; where its answer was lost, it may be committed, and nothing is published.
   */
  async runMutation<Mutation extends FunctionReference<'mutation'>>(
    mutation: Mutation,
    args: FunctionArgs<Mutation>,
    { publish, token }: RunMutationOptions<FunctionArgs<Mutation>, FunctionReturnType<Mutation>>,
  ): Promise<FunctionReturnType<Mutation>> {
    type Result = FunctionReturnType<Mutation>
    const client = this.#httpClient(token)
    const call = client.mutation.bind(client) as (...given: unknown[]) => Promise<Result>
    return this.publishingAfter<Result>(
      () => call(mutation, args, { skipQueue: true }),
      (result) =>
        typeof publish === 'function' ? publish(result, args) : draftBy(publish, result, [args]),
    )
  }

  /**
   * Publishes each change of a query's result, on one node at a time: as `toMessage` makes messages of
   * it, or as `data.updated`. The `name` has to be the same on all nodes; by default it is the query's,
   * with a digest of its arguments. Throws `ConfigError` where it is taken, and what Convex does for
   * arguments that it hasn't.
   */
  watch<Query extends FunctionReference<'query'>>(
    query: Query,
    args: FunctionArgs<Query>,
    toMessage: WatchRule | ((update: QueryUpdate<FunctionReturnType<Query>>) => Drafts),
    { name = nameOf(query, args) }: { readonly name?: string } = {},
  ): Watch {
    this.#assertUrl()
    const toDrafts: ToDrafts =
      typeof toMessage === 'function'
        ? (update) => listOf(toMessage(update as QueryUpdate<FunctionReturnType<Query>>))
        : draftsBy(toMessage, name, toJson)
    const call = { reference: query, args: copyOf(args) }
    return this.#watches.add(name, { query: call, queryName: getFunctionName(query), toDrafts })
  }

  start(host: IntegrationHost): void {
    this.startPublishing(host)
    this.#host = host
    this.#watches.start(host, (...given) => this.#openClient(...given))
  }

  status(): object {
    return { watches: this.#watches.status(), publishing: this.publishing }
  }

  async stop(): Promise<void> {
    this.#watches.stop()
    await this.stopPublishing()
  }

  /** Of each call its own: it keeps the user's token. */
  #httpClient(token?: string): ConvexHttpClient {
    return new ConvexHttpClient(this.#assertUrl(), {
      skipConvexDeploymentUrlCheck: true,
      logger: false,
      fetch: (input, init) =>
        fetch(input, {
          ...init,
          // Arguments and the user's token go to that deployment, or nowhere.
          redirect: 'error',
          signal: AbortSignal.timeout(MUTATION_TIMEOUT_MS),
        }),
      ...(token !== undefined && { auth: token }),
    })
  }

  #openClient(
    webSocketConstructor: typeof globalThis.WebSocket,
    onBroken: (error: unknown) => void,
  ): LineClient<QueryCall> {
    const client = new ConvexClient(this.#assertUrl(), {
      webSocketConstructor,
      skipConvexDeploymentUrlCheck: true,
      logger: false,
    })
    if (this.#options.fetchToken !== undefined) {
      // Signed out, a query has other results: they must not be taken for changes.
      const changed = (isSignedIn: boolean) => isSignedIn || onBroken(new Error('not signed in'))
      client.setAuth(() => this.#token(), changed)
    }
    return {
      onUpdate: ({ reference, args }, take, fail) =>
        client.onUpdate(reference, args, (value) => take({ value, json: toJson(value) }), fail),
      onConnection: (tell) =>
        client.subscribeToConnectionState(({ isWebSocketConnected }) => tell(isWebSocketConnected)),
      close: () => void client.close(),
    }
  }

  async #token(): Promise<string | null> {
    try {
      const token = (await this.#options.fetchToken?.()) ?? null
      // Convex's client would throw where nobody could catch it.
      if (token === null || typeof token === 'string') return token
      throw new TypeError('it returned something else than text')
    } catch (cause) {
      this.#host?.onFault(new Error('fetchToken failed', { cause }))
      return null
    }
  }

  #assertUrl(): string {
    const { url = '' } = this.#options
    if (/^https?:\/\//.test(url) && URL.canParse(url)) {
      const { href, origin, hostname } = new URL(url)
      // At `.convex.site` there are HTTP actions, and no queries.
      if (href === `${origin}/` && !hostname.endsWith('.convex.site')) return origin
    }
    throw new ConfigError(
      'url must be the deployment’s address, such as https://happy-otter-123.convex.cloud',
    )
  }
}

function valuesOf(args: WatchByName['args'], name: string): Record<string, Value> {
  try {
    return jsonToConvex(args as JSONValue) as Record<string, Value>
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause)
    throw new ConfigError(`watch ${name}: args: must be values of Convex as JSON: ${why}`, {
      cause,
    })
  }
}

/** Int64s, bytes and special numbers as `jsonToConvex` of `convex/values` reads them. */
const toJson = (value: unknown): JSONValue => convexToJson((value ?? null) as Value)

/** What a host changes later is not what is watched. Throws where Convex has no such value. */
const copyOf = (args: Record<string, Value>) => jsonToConvex(toJson(args)) as Record<string, Value>

function nameOf(query: FunctionReference<'query'>, args: Record<string, Value>): string {
  const name = getFunctionName(query)
  if (Object.keys(args).length === 0) return name
  const digest = createHash('sha256')
    .update(JSON.stringify(toJson(args)))
    .digest('base64url')
  return `${name}#${digest.slice(0, 12)}`
}
