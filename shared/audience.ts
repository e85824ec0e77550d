// Who a message is for, as keys that can't collide whatever a user, role or topic is called:
// the first character says the kind, the rest is the name, to the letter.

/** One user, one role, one topic or everyone. */
export type AudienceKey = string

/** The audience fields of a message, as a publisher gives them. */
export interface AudienceFields {
  readonly userId?: string | undefined
  readonly roles?: readonly string[] | undefined
  readonly topics?: readonly string[] | undefined
}

export const EVERYONE: AudienceKey = '*'
export const userKey = (userId: string): AudienceKey => `u:${userId}`
export const roleKey = (role: string): AudienceKey => `r:${role}`
export const topicKey = (topic: string): AudienceKey => `t:${topic}`

/** The name of the topic whose key this is, if it is a topic's. */
export const topicOf = (key: AudienceKey): string | undefined =>
  key.startsWith('t:') ? key.slice(2) : undefined

/** Decides a message's audience by precedence: `userId`, else `roles`, else `topics`, else everyone. */
export function audienceOf({ userId, roles, topics }: AudienceFields): readonly AudienceKey[] {
  if (userId !== undefined) return [userKey(userId)]
  if (roles !== undefined) return [...new Set(roles)].map(roleKey)
  if (topics !== undefined) return [...new Set(topics)].map(topicKey)
  return [EVERYONE]
}
