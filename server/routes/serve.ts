// The way of every request under /api/sync, whichever door it came to: which Host and page it names,
// its method, who asks, and whether they have asked too often; then its route, and an answer to every
// fault. Plain functions over `node:http`, which cost what Node costs.

import type { IncomingMessage, ServerResponse } from 'node:http'
import { SyncError } from '../../shared/errors.js'
import type { Principal } from '../../shared/principal.js'
import type { Identify } from '../security/authenticate.js'
import { credentialOf } from '../security/credentials.js'
import type { Gate } from '../security/Gate.js'
import type { HostRules } from '../security/hosts.js'
import { say } from '../transports/head.js'
import { queryOf } from '../transports/query.js'
import { answerFault } from './faults.js'
import { sayOriginsOf } from './origins.js'
import { wrongMethod } from './wrongMethod.js'

export type Handler = (
  principal: Principal,
  req: IncomingMessage,
  res: ServerResponse,
) => void | Promise<void>

/** Charges one request to whoever asks, and may say so in the answer's headers. Throws `rate_limited`. */
export type Limit = (principal: Principal, res: ServerResponse) => void | Promise<void>

/** What is at one path. */
export interface Route {
  readonly method: 'GET' | 'POST'
  readonly limit: Limit
  /** Whether a ticket is enough, which stands in the URL. */
  readonly takesTicket: boolean
  readonly handle: Handler
}

/** Answers a request for a route, or for none. Never throws, and leaves no promise behind. */
export type Serve = (route: Route | undefined, req: IncomingMessage, res: ServerResponse) => void

export interface ServeContext {
  readonly hostRules: HostRules
  readonly corsOrigins: readonly string[]
  readonly identify: Identify
  readonly gate: Gate
  readonly onFault: (error: unknown) => void
}

export function createServe(context: ServeContext): Serve {
  const { hostRules, identify, gate, onFault } = context
  const sayOrigins = sayOriginsOf(context.corsOrigins)

  async function serve(route: Route | undefined, req: IncomingMessage, res: ServerResponse) {
    hostRules.assertHost(req)
    if (sayOrigins(req, res)) return
    if (route === undefined) throw new SyncError('not_found', 'there is no such route')
    if (req.method !== route.method) throw wrongMethod(route.method)
    if (route.method === 'POST') hostRules.assertOrigin(req)
    gate.assertReadable()
    if (gate.isDraining) say(res, 'Connection', 'close')
    const credential = credentialOf(req, queryOf(req))
    if (credential.kind === 'ticket' && !route.takesTicket) throw misplacedTicket()
    const principal = await identify(credential, req)
    if (hasLeft(res)) return
    await route.limit(principal, res)
    // What is counted elsewhere takes its time.
    if (hasLeft(res)) return
    await route.handle(principal, req, res)
  }

  return (route, req, res) => {
    serve(route, req, res)
      .catch((error: unknown) => answerFault(res, error, onFault))
      .catch(() => res.destroy())
  }
}

/** Who left before a handler has begun would never be noticed to leave again. */
const hasLeft = (res: ServerResponse): boolean => res.closed || res.destroyed

function misplacedTicket(): SyncError {
  return new SyncError('unauthorized', 'ticket: opens /stream and /ws, and nothing else')
}
