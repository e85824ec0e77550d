// Convex, where the settings or the host want it. Its package is loaded only then.

import { ConfigError } from '../shared/errors.js'
import type { Settings } from './config.js'
import type { RedisConnections } from './redis/RedisConnections.js'
import { RedisScripts } from './redis/RedisScripts.js'
import { readWatchFile } from './services/convex/watched.js'
import type { Duties } from './services/duties/Duties.js'
import { LocalDuties } from './services/duties/LocalDuties.js'
import { RedisDuties } from './services/duties/RedisDuties.js'
import type { Integration } from './services/Integration.js'

/** The host's own, or what the settings say, or none. Throws `ConfigError`. */
export async function createConvex(
  { convexUrl: url, convexWatchFile }: Settings,
  given: Integration | undefined,
): Promise<Integration | undefined> {
  if (url === undefined) return given
  if (given !== undefined) {
    throw new ConfigError(
      '`convex` and CONVEX_URL exclude each other: give the address to `convex`',
    )
  }
  const watches = convexWatchFile === undefined ? [] : readWatchFile(convexWatchFile)
  const { ConvexRealtimeIntegration } = await loadIntegration()
  return new ConvexRealtimeIntegration({ url, watches })
}

async function loadIntegration() {
  try {
    return await import('./services/ConvexRealtimeIntegration.js')
  } catch (cause) {
    if (!String(cause).includes("'convex'")) throw cause
    throw new ConfigError('CONVEX_URL needs the package `convex`: npm install convex', { cause })
  }
}

interface DutiesOptions {
  readonly redis: RedisConnections | undefined
  readonly onFault: (error: unknown) => void
  readonly monotonicNow: () => number
}

/** What one node does for all: where there are others, Redis says which. */
export function createDuties({ redis, onFault, monotonicNow }: DutiesOptions): Duties {
  if (redis === undefined) return new LocalDuties()
  return new RedisDuties({ redis, scripts: new RedisScripts({ redis, onFault }), monotonicNow })
}
