// The queries that a host has watched, by name: remembered until there is a server, bid for while it
// runs, and all on one line to Convex.

import { v7 as uuidv7 } from 'uuid'
import { ConfigError } from '../../../shared/errors.js'
import type { IntegrationHost } from '../Integration.js'
import type { ToDrafts } from './ChangePublisher.js'
import { ConvexLine, type OpenClient } from './ConvexLine.js'
import { QueryWatch, type WatchStatus } from './QueryWatch.js'

export interface Watch {
  readonly status: WatchStatus
  /** Nothing more of it is published, and its name is free again. */
  stop(): void
}

interface WatchedQuery<Query> {
  readonly query: Query
  /** As the status tells it. */
  readonly queryName: string
  readonly toDrafts: ToDrafts
}

interface Running<Query> {
  readonly host: IntegrationHost
  readonly line: ConvexLine<Query>
}

interface Watching<Query> {
  readonly start: (running: Running<Query>) => void
  status: () => WatchStatus
  stop: () => void
}

export class Watches<Query> {
  readonly #watches = new Map<string, Watching<Query>>()
  #running: Running<Query> | undefined

  /** Throws `ConfigError` where the name is taken. */
  add(name: string, watched: WatchedQuery<Query>): Watch {
    if (this.#watches.has(name)) {
      throw new ConfigError(`two watches are called ${name}: give one of them another name`)
    }
    const watching = watchingOf(name, watched)
    this.#watches.set(name, watching)
    if (this.#running !== undefined) watching.start(this.#running)
    return {
      get status() {
        return watching.status()
      },
      stop: () => {
        watching.stop()
        if (this.#watches.get(name) === watching) this.#watches.delete(name)
      },
    }
  }

  start(host: IntegrationHost, open: OpenClient<Query>): void {
    this.#running = { host, line: new ConvexLine({ ...host, open }) }
    for (const watching of this.#watches.values()) watching.start(this.#running)
  }

  status(): readonly WatchStatus[] {
    return [...this.#watches.values()].map((watching) => watching.status())
  }

  /** Whatever is added from here on is not begun. */
  stop(): void {
    this.#running = undefined
    for (const watching of this.#watches.values()) watching.stop()
  }
}

function watchingOf<Query>(name: string, watched: WatchedQuery<Query>): Watching<Query> {
  const { query, queryName, toDrafts } = watched
  const watching: Watching<Query> = {
    start({ host, line }) {
      const watch = new QueryWatch({
        name,
        query: queryName,
        subscribe: (subscriber) => line.subscribe(query, subscriber),
        toDrafts,
        newRun: uuidv7,
        host,
      })
      watching.status = () => watch.status
      watching.stop = host.duties.bid(`convex:${name}`, watch)
    },
    status: () => ({ name, query: queryName, published: 0, resyncs: 0, lost: 0, state: 'standby' }),
    stop: () => {},
  }
  return watching
}
