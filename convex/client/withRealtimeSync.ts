// A builder of mutations that publish what they return, in their own transaction: in existing code
// one line changes.

import type {
  FunctionVisibility,
  GenericDataModel,
  GenericMutationCtx,
  MutationBuilder,
} from 'convex/server'
import type { Syncline } from './Syncline.js'

export interface RealtimeSyncOptions<Result> {
  readonly table: string
  readonly operation: 'create' | 'update' | 'delete'
  /**
   * Whose change it is: then it is told to this user alone. Default: to those who follow the topics. A
   * mutation for which it finds nobody fails, rather than telling them.
   */
  readonly getUserId?: (result: Result) => string
  /** What is told of it. Default: what the mutation returns. */
  readonly getData?: (result: Result) => unknown
}

type Handler<Ctx> = (ctx: Ctx, ...args: unknown[]) => unknown
type Definition<Ctx> = Handler<Ctx> | { readonly handler: Handler<Ctx> }

/**
 * `mutation`, or a builder like it, whose mutations publish `convex.update` with
 * `{ table, operation, data }` on the topics `convex.<table>` and `convex.<table>.<operation>`.
 * What is returned has to be something that JSON can carry.
 */
export function withRealtimeSync<
  DataModel extends GenericDataModel,
  Visibility extends FunctionVisibility,
  Result = unknown,
>(
  syncline: Syncline,
  mutation: MutationBuilder<DataModel, Visibility>,
  { table, operation, getUserId, getData }: RealtimeSyncOptions<Result>,
): MutationBuilder<DataModel, Visibility> {
  type Ctx = GenericMutationCtx<DataModel>

  const publishing =
    (handler: Handler<Ctx>): Handler<Ctx> =>
    async (ctx, ...args) => {
      const returned = (await handler(ctx, ...args)) as Result
      await syncline.publish(ctx, {
        type: 'convex.update',
        payload: { table, operation, data: getData === undefined ? returned : getData(returned) },
        ...(getUserId !== undefined && { userId: getUserId(returned) }),
        topics: [`convex.${table}`, `convex.${table}.${operation}`],
      })
      return returned
    }

  const build = (definition: Definition<Ctx>) =>
    typeof definition === 'function'
      ? publishing(definition)
      : { ...definition, handler: publishing(definition.handler) }
  // Which arguments and results a mutation has is between the builder and its caller.
  const wrapped = (definition: Definition<Ctx>) => mutation(build(definition) as never)
  return wrapped as unknown as MutationBuilder<DataModel, Visibility>
}
