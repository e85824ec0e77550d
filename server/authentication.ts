// How the settings say that tokens are verified.

import type { Settings } from './config.js'
import type { Authenticate } from './security/authenticate.js'
import { JwksKeys } from './security/JwksKeys.js'
import {
  createKeySetAuthenticate,
  createSecretAuthenticate,
  type JwtRules,
} from './security/jwt.js'

interface AuthenticationParts {
  /** Unix milliseconds. */
  readonly wallNow: () => number
  readonly monotonicNow: () => number
  readonly onFault: (error: unknown) => void
}

/** `undefined` where no setting asks for it. */
export function authenticationFrom(
  settings: Settings,
  { wallNow, monotonicNow, onFault }: AuthenticationParts,
): Authenticate | undefined {
  const { authJwtSecret: secret, authJwksUrl: url } = settings
  const rules: JwtRules = {
    issuer: settings.authIssuer,
    audiences: settings.authAudience,
    rolesClaim: settings.authRolesClaim,
    topicsClaim: settings.authTopicsClaim,
    adminRole: settings.authAdminRole,
    serviceRole: settings.authServiceRole,
    maxLifetimeMs: settings.authMaxTokenAge * 1000,
    wallNow,
  }
  if (secret !== undefined) return createSecretAuthenticate(secret, rules)
  if (url === undefined) return undefined
  const keys = new JwksKeys({ url, fetch, monotonicNow, onFault })
  return createKeySetAuthenticate(keys.find, rules)
}
