/* eslint-disable */
/**
 * Generated `api` utility.
 *
 * THIS CODE IS AUTOMATICALLY GENERATED.
 *
 * To regenerate, run `npx convex dev`.
 * @module
 */

import type * as crons from "../crons.js";
import type * as delivery from "../delivery.js";
import type * as leases from "../leases.js";
import type * as limits from "../limits.js";
import type * as message from "../message.js";
import type * as outbox from "../outbox.js";
import type * as pauses from "../pauses.js";
import type * as posting from "../posting.js";
import type * as request from "../request.js";
import type * as rows from "../rows.js";
import type * as server from "../server.js";
import type * as turns from "../turns.js";
import type * as upkeep from "../upkeep.js";

import type {
  ApiFromModules,
  FilterApi,
  FunctionReference,
} from "convex/server";
import { anyApi, componentsGeneric } from "convex/server";

const fullApi: ApiFromModules<{
  crons: typeof crons;
  delivery: typeof delivery;
  leases: typeof leases;
  limits: typeof limits;
  message: typeof message;
  outbox: typeof outbox;
  pauses: typeof pauses;
  posting: typeof posting;
  request: typeof request;
  rows: typeof rows;
  server: typeof server;
  turns: typeof turns;
  upkeep: typeof upkeep;
}> = anyApi as any;

/**
 * A utility for referencing Convex functions in your app's public API.
 *
 * Usage:
 * ```js
 * const myFunctionReference = api.myModule.myFunction;
 * ```
 */
export const api: FilterApi<
  typeof fullApi,
  FunctionReference<any, "public">
> = anyApi as any;

/**
 * A utility for referencing Convex functions in your app's internal API.
 *
 * Usage:
 * ```js
 * const myFunctionReference = internal.myModule.myFunction;
 * ```
 */
export const internal: FilterApi<
  typeof fullApi,
  FunctionReference<any, "internal">
> = anyApi as any;

export const components = componentsGeneric() as unknown as {};
