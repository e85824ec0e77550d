// What a principal may read, decided here alone, at subscription; and which topics it may use.

import { type AudienceKey, EVERYONE, roleKey, topicKey, userKey } from '../../shared/audience.js'
import { SyncError } from '../../shared/errors.js'
import { MAX_TOPICS, topicsFault } from '../../shared/names.js'
import type { Principal } from '../../shared/principal.js'

/** May this principal use this topic? At once, not by a promise. Replaces the principal's grants. */
export type AuthorizeTopic = (
  principal: Principal,
  topic: string,
  action: 'subscribe' | 'publish',
) => boolean

/**
 * Asks `authorizeTopic`, and takes nothing but true or false for an answer: a promise would be
 * truthy, and open every topic.
 */
export function mayUse(
  authorizeTopic: AuthorizeTopic,
  ...question: Parameters<AuthorizeTopic>
): boolean {
  const answer: unknown = authorizeTopic(...question)
  if (typeof answer === 'boolean') return answer
  throw new TypeError('authorizeTopic must answer true or false, and not by a promise')
}

/** The default: the principal's own grants. A grant may end in `*`; a topic's name never does. */
export const authorizeByGrants: AuthorizeTopic = ({ topics }, topic, action) =>
  topics[action].some((grant) =>
    grant.endsWith('*') ? topic.startsWith(grant.slice(0, -1)) : topic === grant,
  )

/** The audiences that a principal reads whatever it subscribes to. */
export function ownAudiences({ userId, roles }: Principal): AudienceKey[] {
  return [EVERYONE, userKey(userId), ...new Set(roles.map(roleKey))]
}

export const topicAudiences = (topics: readonly string[]): AudienceKey[] => topics.map(topicKey)

/**
 * Checks topics as they came from outside. Throws `invalid_request`; the result holds each once.
 */
export function parseTopics(value: unknown, maxTopics = MAX_TOPICS): readonly string[] {
  if (value === undefined) return []
  const isList = Array.isArray(value) && value.every((topic) => typeof topic === 'string')
  const topics: readonly string[] = isList ? [...new Set<string>(value)] : []
  const fault = isList ? topicsFault(topics, maxTopics) : 'must be a list of topic names'
  if (fault !== undefined)
    throw SyncError.of('invalid_request', [{ path: 'topics', message: fault }])
  return topics
}

/** Parts topics into those that the principal may read and those that it may not. */
export function divideTopics(
  principal: Principal,
  topics: readonly string[],
  authorizeTopic: AuthorizeTopic,
): { allowed: readonly string[]; denied: readonly string[] } {
  const allowed = topics.filter((topic) => mayUse(authorizeTopic, principal, topic, 'subscribe'))
  return { allowed, denied: topics.filter((topic) => !allowed.includes(topic)) }
}

/** For doors that have no word for a topic denied: all of them or `forbidden`. */
export function requireTopics(
  principal: Principal,
  topics: readonly string[],
  authorizeTopic: AuthorizeTopic,
): void {
  const [denied] = divideTopics(principal, topics, authorizeTopic).denied
  if (denied === undefined) return
  throw new SyncError('forbidden', `the token does not grant "${denied}" in topics.subscribe`)
}
