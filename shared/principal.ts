// Who a request or connection acts for, read from its verified token.

import { z } from 'zod'
import { MAX_ROLES, nameSchema } from './message.js'

const grantsSchema = z.array(z.string().min(1).max(200))

export const principalSchema = z.object({
  userId: nameSchema,
  /** Exact names; `admin` may publish to anyone and see the server's details. */
  roles: z.array(nameSchema).max(MAX_ROLES).default([]),
  /** Topic names that the principal may use; a grant may end in `*`, a name never does. */
  topics: z
    .object({ subscribe: grantsSchema.default([]), publish: grantsSchema.default([]) })
    .default({ subscribe: [], publish: [] }),
})

export type Principal = z.output<typeof principalSchema>

/** What an `authenticate` function returns: a `userId`, and what more it is given. */
export type PrincipalInput = z.input<typeof principalSchema>

export const isAdmin = ({ roles }: Principal): boolean => roles.includes('admin')
