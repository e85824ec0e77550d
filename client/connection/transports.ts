// Which transports there are, best first. All but the WebSocket are loaded by themselves.

import { ConnectionError } from './ConnectionError.js'
import type { Environment } from './environment.js'
import { lazyTransport } from './lazyTransport.js'
import type { ResolvedOptions } from './options.js'
import type { Transport } from './transport.js'
import { webSocketTransport } from './webSocketTransport.js'

/** May fail while there is no network. Throws a `ConnectionError` `not_loaded`. */
export const loadOnDemand = () =>
  import('./onDemand.js').catch((error: unknown) => {
    throw new ConnectionError('not_loaded', 'could not be loaded', error)
  })

export function buildTransports(options: ResolvedOptions, environment: Environment): Transport[] {
  const { WebSocket } = environment
  return options.transports.flatMap((name) => {
    if (name !== 'websocket') {
      return lazyTransport(name, async () =>
        (await loadOnDemand()).FALLBACKS[name](options, environment),
      )
    }
    return WebSocket ? webSocketTransport(options.websocketUrl, WebSocket) : []
  })
}
