/* eslint-disable */
/**
 * Generated `ComponentApi` utility.
 *
 * THIS CODE IS AUTOMATICALLY GENERATED.
 *
 * To regenerate, run `npx convex dev`.
 * @module
 */

import type { FunctionReference } from "convex/server";

/**
 * A utility for referencing a Convex component's exposed API.
 *
 * Useful when expecting a parameter like `components.myComponent`.
 * Usage:
 * ```ts
 * async function myFunction(ctx: QueryCtx, component: ComponentApi) {
 *   return ctx.runQuery(component.someFile.someQuery, { ...args });
 * }
 * ```
 */
export type ComponentApi<Name extends string | undefined = string | undefined> =
  {
    outbox: {
      deadLetters: FunctionReference<
        "query",
        "internal",
        {},
        Array<{
          attempts: number;
          audience: string;
          body: string;
          fault?: string;
          id: string;
          since: number;
          type: string;
        }>,
        Name
      >;
      publish: FunctionReference<
        "mutation",
        "internal",
        {
          everyone?: true;
          payload?: string;
          roles?: Array<string>;
          topics?: Array<string>;
          type: string;
          userId?: string;
        },
        string,
        Name
      >;
      redrive: FunctionReference<
        "mutation",
        "internal",
        { ids?: Array<string> },
        number,
        Name
      >;
      status: FunctionReference<
        "query",
        "internal",
        {},
        {
          dead: number;
          fault?: string;
          idempotencyTtlMs?: number;
          isKeyLifeEnough?: boolean;
          maxAgeMs: number;
          oldestPendingSince?: number;
          pending: number;
          restsUntil?: number;
        },
        Name
      >;
    };
  };
