// An app that has the component, in convex-test: its clock of crons is turned by hand.

import type { GenericMutationCtx } from 'convex/server'
import { componentsGeneric, defineSchema, defineTable, type FunctionReference } from 'convex/server'
import { v } from 'convex/values'
import { convexTest } from 'convex-test'
import { type DeadLetter, type OutboxStatus, Syncline } from '../../../convex/client/index.js'
import type { ComponentApi } from '../../../convex/component/_generated/component.js'
import type { DataModel } from '../../../convex/component/_generated/dataModel.js'
import * as component from '../../../convex/test.js'
import { waitFor } from '../waitFor.js'
import { keepGlobalsSteady } from './steadyGlobals.js'

keepGlobalsSteady()

export const schema = defineSchema({ notes: defineTable({ text: v.string() }) })

export const components = componentsGeneric() as unknown as { syncline: ComponentApi }
export const syncline = new Syncline(components.syncline)

type Mutation = FunctionReference<'mutation', 'internal', Record<string, never>, null>
type Upkeep = Record<'recover' | 'sweep', Mutation>
type Internals = { upkeep: Upkeep; delivery: { ask: FunctionReference<'action', 'internal'> } }
const internals = components.syncline as unknown as Internals

/** What the deployment's environment says; short pauses, so that tests are quick. */
export function setEnvironment(url: string, token: string): void {
  for (const name of Object.keys(process.env)) {
    if (name.startsWith('SYNCLINE_')) delete process.env[name]
  }
  Object.assign(process.env, {
    SYNCLINE_URL: url,
    SYNCLINE_TOKEN: token,
    SYNCLINE_RETRY_MS: '20',
  })
}

type Modules = Record<string, () => Promise<object>>
type ComponentWork<Result> = (ctx: GenericMutationCtx<DataModel>) => Promise<Result>

export class Outbox {
  readonly t

  /**
   * `replaced`: modules of the component, where a test has its own; `own`: of the app; `isLimited`:
   * whether a transaction may read and write no more than Convex lets it.
   */
  constructor(replaced: Modules = {}, own: Modules = {}, isLimited = false) {
    const modules = { './_generated/api.js': async () => ({}), ...own }
    this.t = convexTest({ schema, modules, transactionLimits: isLimited })
    this.t.registerComponent('syncline', component.schema, { ...component.modules, ...replaced })
  }

  /** In a mutation of the app. */
  publish(...messages: Parameters<Syncline['publish']>[1][]): Promise<string[]> {
    return this.t.mutation(async (ctx) => {
      const ids: string[] = []
      for (const message of messages) ids.push(await syncline.publish(ctx, message))
      return ids
    })
  }

  status(): Promise<OutboxStatus> {
    return this.t.query((ctx) => syncline.status(ctx))
  }

  deadLetters(): Promise<DeadLetter[]> {
    return this.t.query((ctx) => syncline.deadLetters(ctx))
  }

  redrive(ids?: readonly string[]): Promise<number> {
    return this.t.mutation((ctx) => syncline.redrive(ctx, ids))
  }

  /** What the crons do. */
  async cron(name: 'recover' | 'sweep' | 'ask'): Promise<void> {
    if (name === 'ask') await this.t.action(internals.delivery.ask, {})
    else await this.t.mutation(internals.upkeep[name], {})
  }

  /** Inside the component: where a test sets the time back. */
  inside<Result>(work: ComponentWork<Result>): Promise<Result> {
    const t = this.t as unknown as {
      runInComponent(path: string, work: ComponentWork<Result>): Promise<Result>
    }
    return t.runInComponent('syncline', work)
  }

  async isEmpty(): Promise<boolean> {
    return (await this.status()).pending === 0
  }

  /** Waits until nothing is pending or under way, so that the next test is alone. */
  async calm(): Promise<void> {
    await waitFor('the outbox to be calm', async () => {
      const { pending, restsUntil } = await this.status()
      return pending === 0 && restsUntil === undefined
    })
    await this.t.finishInProgressScheduledFunctions()
  }
}
