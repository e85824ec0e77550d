// Whom the server believes, and what they may do: the guards of every door, built from the settings.

import type { Logger } from 'pino'
import { ConfigError } from '../shared/errors.js'
import { assertSafe, isLoopbackHost, type Settings } from './config.js'
import { isWildcard } from './listen.js'
import type { RedisConnections } from './redis/RedisConnections.js'
import { RedisScripts } from './redis/RedisScripts.js'
import { Access, type AuthorizeTopic, authorizeByGrants } from './security/Access.js'
import { type AddressOf, addressKey, createAddressOf } from './security/addresses.js'
import {
  type Authenticate,
  createIdentify,
  type Identify,
  openMode,
} from './security/authenticate.js'
import { createHostRules, type HostRules } from './security/hosts.js'
import { JwksKeys } from './security/JwksKeys.js'
import {
  CLOCK_TOLERANCE_SECONDS,
  createKeySetAuthenticate,
  createSecretAuthenticate,
  type JwtRules,
} from './security/jwt.js'
import { LocalTickets } from './security/LocalTickets.js'
import { LocalValidity } from './security/LocalValidity.js'
import { RateLimits } from './security/RateLimits.js'
import { RedisPlaces } from './security/RedisPlaces.js'
import { RedisTickets } from './security/RedisTickets.js'
import { RedisValidity } from './security/RedisValidity.js'
import { rememberTokens } from './security/rememberTokens.js'
import { createFindService } from './security/serviceTokens.js'
import type { Tickets } from './security/Tickets.js'
import type { Validity } from './security/Validity.js'

const MAX_REVOCATIONS = 100_000

interface TrustOptions {
  readonly settings: Settings
  /** The host's own, instead of what the settings say. */
  readonly authenticate: Authenticate | undefined
  readonly authorizeTopic: AuthorizeTopic | undefined
  /** Where nodes keep what they have to know of each other; else this node is alone. */
  readonly redis: RedisConnections | undefined
  readonly logger: Logger
  readonly onFault: (error: unknown) => void
  /** Unix milliseconds. */
  readonly wallNow: () => number
  readonly monotonicNow: () => number
}

export interface Trust {
  /** Whether nothing says who is who, and everybody is believed. */
  readonly isOpenMode: boolean
  readonly identify: Identify
  readonly access: Access
  readonly validity: Validity
  readonly tickets: Tickets
  readonly rateLimits: RateLimits
  readonly addressOf: AddressOf
  readonly hostRules: HostRules
  /** Whether the headers that a token came with have a part in judging it. */
  readonly readsHeaders: boolean
  /** Sockets and streams of all nodes together, where there are others. */
  readonly places: RedisPlaces | undefined
  /** Resolves when this node knows what others know, or it is clear that it can't for now. */
  start(): Promise<void>
  stop(): void
}

/** Throws `ConfigError` where the settings contradict each other, or would leave the door open. */
export function createTrust(options: TrustOptions): Trust {
  const { settings, logger, wallNow } = options
  const configured = configuredAuthenticate(options)
  if (options.authenticate !== undefined && configured !== undefined) {
    throw new ConfigError('`authenticate` and AUTH_JWT_SECRET or AUTH_JWKS_URL exclude each other')
  }
  const authenticate = options.authenticate ?? configured
  const isOpenMode = authenticate === undefined
  assertSafe(settings, !isOpenMode)
  if (isOpenMode && (settings.allowedHosts.length > 0 || settings.trustProxy !== 0)) {
    logger.warn('open mode, though others seem to reach this server: everybody is an admin')
  }

  const access = new Access({
    authorizeTopic: options.authorizeTopic ?? authorizeByGrants,
    topicsClaim: settings.authTopicsClaim,
    adminRole: settings.authAdminRole,
  })
  const { scripts, validity, tickets, places } = storesOf(options)
  const rateLimits = new RateLimits({ ...settings, wallNow, scripts })
  const addressOf = createAddressOf(settings.trustProxy, () =>
    logger.warn('X-Forwarded-For is ignored: set TRUST_PROXY if a proxy of yours sends it'),
  )
  const identify = createIdentify({
    authenticate: authenticate ?? openMode,
    findService: createFindService(settings.serviceTokens),
    tickets,
    validity,
    addressOf,
    failed: (address) => rateLimits.chargeFailure(addressKey(address)),
  })
  const hostRules = hostRulesOf(settings, isOpenMode)
  const guards = { identify, access, validity, tickets, rateLimits, addressOf, hostRules, places }
  return {
    isOpenMode,
    readsHeaders: options.authenticate !== undefined || settings.trustProxy !== 0,
    ...guards,
    start() {
      places?.start()
      return validity.start()
    },
    stop() {
      places?.stop()
      validity.stop()
    },
  }
}

interface Stores {
  readonly scripts: RedisScripts | undefined
  readonly validity: Validity
  readonly tickets: Tickets
  readonly places: RedisPlaces | undefined
}

/** What nodes have to know of each other: in Redis where there is one, else in memory. */
function storesOf({ settings, redis, onFault, wallNow, monotonicNow }: TrustOptions): Stores {
  const remembered = {
    wallNow,
    rememberMs: (settings.authMaxTokenAge + CLOCK_TOLERANCE_SECONDS) * 1000,
    maxRevocations: MAX_REVOCATIONS,
  }
  if (redis === undefined) {
    return {
      scripts: undefined,
      validity: new LocalValidity(remembered),
      tickets: new LocalTickets({ wallNow, monotonicNow }),
      places: undefined,
    }
  }
  const scripts = new RedisScripts({ redis, onFault })
  const { maxConnectionsPerUser: maxPerUser, maxConnectionsPerAddress: maxPerAddress } = settings
  return {
    scripts,
    validity: new RedisValidity({ ...remembered, redis, scripts }),
    tickets: new RedisTickets({ redis, scripts, wallNow }),
    places: new RedisPlaces({ redis, scripts, maxPerUser, maxPerAddress, monotonicNow }),
  }
}

/** How the settings say that tokens are verified; `undefined` where none does. */
function configuredAuthenticate(options: TrustOptions): Authenticate | undefined {
  const { settings, logger, wallNow, monotonicNow, onFault } = options
  const { authJwtSecret, authJwksUrl: url, authIssuer, authAudience } = settings
  const rules: JwtRules = {
    issuer: authIssuer,
    audiences: authAudience,
    rolesClaim: settings.authRolesClaim,
    topicsClaim: settings.authTopicsClaim,
    adminRole: settings.authAdminRole,
    serviceRole: settings.authServiceRole,
    maxLifetimeMs: settings.authMaxTokenAge * 1000,
    wallNow,
    onFault,
  }
  if (authJwtSecret !== undefined) {
    return rememberTokens(createSecretAuthenticate(authJwtSecret, rules), { monotonicNow })
  }
  if (url === undefined) return undefined
  if (authIssuer === undefined && authAudience.length === 0) {
    logger.warn('set AUTH_ISSUER or AUTH_AUDIENCE: every token that these keys sign is believed')
  }
  const keys = new JwksKeys({ url, fetch, monotonicNow, onFault })
  const authenticate = createKeySetAuthenticate(keys.find, rules)
  return rememberTokens(authenticate, { monotonicNow, keysSince: () => keys.since })
}

function hostRulesOf(settings: Settings, isOpenMode: boolean): HostRules {
  const { host, allowedHosts, corsOrigins, allowOpenMode } = settings
  const ownHost = isLoopbackHost(host) || isWildcard(host) ? [] : [host]
  return createHostRules({
    allowedHosts: [...allowedHosts, ...ownHost],
    corsOrigins,
    isLoopbackOnly: isOpenMode && !allowOpenMode,
  })
}
