// Who a request or connection acts for, read from its verified token.

import { z } from 'zod'
import { MAX_ROLES, nameSchema } from './message.js'

const grantsSchema = z.array(z.string().min(1).max(200))

export const principalSchema = z.object({
  userId: nameSchema,
  /** Exact names. */
  roles: z.array(nameSchema).max(MAX_ROLES).default([]),
  /** Topic names that the principal may use; a grant may end in `*`, a name never does. */
  topics: z
    .object({ subscribe: grantsSchema.default([]), publish: grantsSchema.default([]) })
    .default({ subscribe: [], publish: [] }),
  /** May publish to anyone, revoke, and see the server's details. Default: has the role `admin`. */
  isAdmin: z.boolean().optional(),
  /** A back end: may publish as an admin may, and reads nothing. Default: false. */
  isService: z.boolean().optional(),
  /** Unix milliseconds from which on it is nobody any more: its connections end. Default: never. */
  expiresAt: z.number().optional(),
  /** Unix milliseconds. Without it, a revocation of the user reaches it whenever it was issued. */
  issuedAt: z.number().optional(),
  /** The token's own name (`jti`), by which it alone can be revoked. */
  tokenId: z.string().optional(),
})

export type Principal = z.output<typeof principalSchema>

/** What an `authenticate` function returns: a `userId`, and what more it is given. */
export type PrincipalInput = z.input<typeof principalSchema>

export const isAdmin = (principal: Principal): boolean =>
  principal.isAdmin ?? principal.roles.includes('admin')

/** May publish to anyone. */
export const mayPublishToAll = (principal: Principal): boolean =>
  isAdmin(principal) || principal.isService === true

/**
 * Tells principals apart where something is kept for each: keys, budgets. A service that is called
 * as a user is isn't that user; no `userId` can hold a control character.
 */
export const principalKey = ({ userId, isService }: Principal): string =>
  isService ? `service\n${userId}` : userId

/** What `POST /revoke` takes: a user's tokens issued up to now, or one token. */
export const revocationSchema = z.union(
  [z.strictObject({ userId: nameSchema }), z.strictObject({ jti: z.string().min(1).max(1024) })],
  { error: 'must be { "userId": … } or { "jti": … }' },
)
export type Revocation = z.infer<typeof revocationSchema>
