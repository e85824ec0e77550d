// What an app calls inside its mutations, and how it looks after what could not be delivered.

import type {
  FunctionReturnType,
  GenericDataModel,
  GenericMutationCtx,
  GenericQueryCtx,
} from 'convex/server'
import type { ComponentApi } from '../component/_generated/component.js'
import { jsonOf } from './jsonOf.js'

type MutationCtx = Pick<GenericMutationCtx<GenericDataModel>, 'runMutation'>
type QueryCtx = Pick<GenericQueryCtx<GenericDataModel>, 'runQuery'>

/** A message, and who it is for: one user, else any of some roles, else some topics, or everyone. */
export interface MessageToPublish {
  readonly type: string
  /** Any value that JSON has. */
  readonly payload?: unknown
  readonly userId?: string
  readonly roles?: readonly string[]
  readonly topics?: readonly string[]
  /** Said on its own: forgetting the rest must not publish to all. */
  readonly everyone?: true
}

export type OutboxStatus = FunctionReturnType<ComponentApi['outbox']['status']>
export type DeadLetter = FunctionReturnType<ComponentApi['outbox']['deadLetters']>[number]

export class Syncline {
  readonly #component: ComponentApi

  /** `component`: `components.syncline` of `./_generated/api`. */
  constructor(component: ComponentApi) {
    this.#component = component
  }

  /**
   * Publishes when the mutation that calls it commits, and only then: once, in its order, also where
   * Syncline can't be reached for hours. Returns the message's id in the outbox. Throws for a
   * payload that JSON can't carry, and where no audience is named, or one that is undefined.
   */
  async publish(ctx: MutationCtx, message: MessageToPublish): Promise<string> {
    assertAudience(message)
    const { type, payload, userId, roles, topics, everyone } = message
    return ctx.runMutation(this.#component.outbox.publish, {
      type,
      ...(payload !== undefined && { payload: jsonOf(payload) }),
      ...(userId !== undefined && { userId }),
      ...(roles !== undefined && { roles: [...roles] }),
      ...(topics !== undefined && { topics: [...topics] }),
      ...(everyone !== undefined && { everyone }),
    })
  }

  /** How many messages wait, and why. Counts end at a hundred, and sooner where messages are large. */
  async status(ctx: QueryCtx): Promise<OutboxStatus> {
    return ctx.runQuery(this.#component.outbox.status, {})
  }

  /** Messages that are not tried any more, and why; the oldest first, a hundred at most, fewer where large. */
  async deadLetters(ctx: QueryCtx): Promise<DeadLetter[]> {
    return ctx.runQuery(this.#component.outbox.deadLetters, {})
  }

  /** Sends dead letters on their way anew: these, or the oldest; at most a hundred, fewer where large. Returns how many. */
  async redrive(ctx: MutationCtx, ids?: readonly string[]): Promise<number> {
    return ctx.runMutation(
      this.#component.outbox.redrive,
      ids === undefined ? {} : { ids: [...ids] },
    )
  }
}

/** Leaving it out would widen who gets the message: to those of the next field. */
function assertAudience(message: MessageToPublish): void {
  for (const field of ['userId', 'roles', 'topics'] as const) {
    if (!Object.hasOwn(message, field) || message[field] !== undefined) continue
    throw new Error(`${field}: is undefined; leave it out where it is not meant`)
  }
}
