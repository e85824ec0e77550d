// What may be published, and whose order a message keeps. The validators are the only source of the
// types.

import { type Infer, v } from 'convex/values'

/** A message as the app hands it over. `payload` is JSON text: Convex has values that JSON hasn't. */
export const draftFields = {
  type: v.string(),
  payload: v.optional(v.string()),
  userId: v.optional(v.string()),
  roles: v.optional(v.array(v.string())),
  topics: v.optional(v.array(v.string())),
  everyone: v.optional(v.literal(true)),
}
const draft = v.object(draftFields)
export type Draft = Infer<typeof draft>

/**
 * Whose order a message keeps: one user's, one role's, one topic's or everyone's. Of several roles or
 * topics it is the first one's. Throws where none is named, so that a typing error widens nothing.
 */
export function audienceOf({ userId, roles, topics, everyone }: Draft): string {
  const isAddressed = (userId ?? roles ?? topics) !== undefined
  if (everyone && isAddressed) throw new Error('everyone stands alone: leave out the others')
  if (everyone) return 'everyone'
  if (userId !== undefined) return `user:${userId}`
  const [role] = roles ?? []
  if (role !== undefined) return `role:${role}`
  const [topic] = topics ?? []
  if (topic !== undefined) return `topic:${topic}`
  throw new Error('a message has to name userId, roles, topics or everyone')
}

/** The message as `POST /api/sync/send` takes it, JSON. */
export function bodyOf({ type, payload, userId, roles, topics }: Draft): string {
  const rest = JSON.stringify({ type, userId, roles, topics })
  return payload === undefined ? rest : `${rest.slice(0, -1)},"payload":${payload}}`
}
