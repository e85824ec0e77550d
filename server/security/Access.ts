// What a principal may read, decided here alone, when it subscribes; and to whom it may publish,
// decided here alone, when it publishes.

import {
  type AudienceFields,
  type AudienceKey,
  EVERYONE,
  roleKey,
  topicKey,
  userKey,
} from '../../shared/audience.js'
import { SyncError } from '../../shared/errors.js'
import { MAX_TOPICS, topicsFault } from '../../shared/names.js'
import { mayPublishToAll, type Principal } from '../../shared/principal.js'
import type { Granted } from '../delivery/StreamConnection.js'

type TopicAction = 'subscribe' | 'publish'

/** May this principal use this topic? At once, not by a promise. Replaces the principal's grants. */
export type AuthorizeTopic = (principal: Principal, topic: string, action: TopicAction) => boolean

/** Topics that everybody may subscribe to, by the default rule. */
const PUBLIC_PREFIX = 'public:'

/**
 * The default: `public:` topics are open to subscribe, everything else needs a grant of the
 * principal's. A grant may end in `*`; a topic's name never does.
 */
export const authorizeByGrants: AuthorizeTopic = ({ topics }, topic, action) =>
  (action === 'subscribe' && topic.startsWith(PUBLIC_PREFIX)) ||
  topics[action].some((grant) =>
    grant.endsWith('*') ? topic.startsWith(grant.slice(0, -1)) : topic === grant,
  )

interface AccessOptions {
  readonly authorizeTopic: AuthorizeTopic
  /** For who lacks them: the token's claim that holds the grants, and the role of an admin. */
  readonly topicsClaim: string
  readonly adminRole: string
}

export class Access {
  readonly #options: AccessOptions

  constructor(options: AccessOptions) {
    this.#options = options
  }

  /** All that a connection reads: what is its principal's, and of the topics those it may. */
  grant(principal: Principal, asked: readonly string[]): Granted {
    assertReads(principal)
    const topics = asked.filter((topic) => this.#mayUse(principal, topic, 'subscribe'))
    const denied = asked.filter((topic) => !topics.includes(topic))
    return { audiences: [...ownAudiences(principal), ...topics.map(topicKey)], topics, denied }
  }

  /** As `grant`, for doors that have no word for a topic denied: all of them, or `forbidden`. */
  grantAll(principal: Principal, asked: readonly string[]): Granted {
    const granted = this.grant(principal, asked)
    const [denied] = granted.denied
    if (denied === undefined) return granted
    throw this.#missing(denied, 'subscribe')
  }

  /** Throws `forbidden` for an audience that this principal may not publish to. */
  assertMayPublish(principal: Principal, { userId, roles, topics = [] }: AudienceFields): void {
    if (mayPublishToAll(principal)) return
    if (userId !== undefined) {
      if (userId === principal.userId) return
      throw this.needsAdmin('publishing to another user')
    }
    if (roles !== undefined) {
      throw this.needsAdmin('publishing to roles')
    }
    const denied = topics.find((topic) => !this.#mayUse(principal, topic, 'publish'))
    if (denied !== undefined) throw this.#missing(denied, 'publish')
  }

  /** `what`: `broadcast`. */
  needsAdmin(what: string): SyncError {
    return new SyncError('forbidden', `${what} needs the role "${this.#options.adminRole}"`)
  }

  #missing(topic: string, action: TopicAction): SyncError {
    const claim = `${this.#options.topicsClaim}.${action}`
    return new SyncError('forbidden', `the token does not grant "${topic}" in ${claim}`)
  }

  /** Takes nothing but true or false for an answer: a promise would be truthy, and open every topic. */
  #mayUse(...question: Parameters<AuthorizeTopic>): boolean {
    const answer: unknown = this.#options.authorizeTopic(...question)
    if (typeof answer === 'boolean') return answer
    throw new TypeError('authorizeTopic must answer true or false, and not by a promise')
  }
}

function assertReads({ isService }: Principal): void {
  if (isService) throw new SyncError('forbidden', 'a service publishes, and reads nothing')
}

/** The audiences that a principal reads whatever it subscribes to. */
function ownAudiences({ userId, roles }: Principal): AudienceKey[] {
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
