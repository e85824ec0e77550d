// The functions and the database behind the stand-in: convex-test, called by the names and values that
// stand on the wire. One thing at a time, as a database with one writer would; actions beside it.

import {
  type FunctionReference,
  type GenericSchema,
  makeFunctionReference,
  type SchemaDefinition,
} from 'convex/server'
import { ConvexError, convexToJson, type JSONValue, jsonToConvex } from 'convex/values'
import { convexTest, type TestConvex } from 'convex-test'

export type ConvexModules = Record<string, () => Promise<unknown>>
export type FunctionKind = 'query' | 'mutation' | 'action'
/** What a JWT says; nobody here checks who signed it. */
export type Claims = Readonly<Record<string, JSONValue>>

/** What came of a call, as Convex's own answers say it. */
export type Outcome =
  | { readonly success: true; readonly value: JSONValue }
  | { readonly success: false; readonly errorMessage: string; readonly errorData?: JSONValue }

export interface Call {
  readonly kind: FunctionKind
  /** `orders:list`, or `orders.js:list` from older clients. */
  readonly path: string
  readonly args: readonly JSONValue[]
  readonly claims?: Claims | undefined
}

interface ConvexFunctionsOptions {
  readonly schema: SchemaDefinition<GenericSchema, boolean>
  readonly modules: ConvexModules
}

export class ConvexFunctions {
  readonly t: TestConvex<SchemaDefinition<GenericSchema, boolean>>
  refusesTokens = false
  readonly #modules: ConvexModules
  readonly #onChange = new Set<() => Promise<void>>()
  #last: Promise<unknown> = Promise.resolve()
  /** Nanoseconds, as Convex's timestamps are; each look has its own. */
  #ts = BigInt(Date.now()) * 1_000_000n

  constructor({ schema, modules }: ConvexFunctionsOptions) {
    this.t = convexTest({ schema, modules: modules as Record<string, () => Promise<never>> })
    this.#modules = modules
  }

  /** A later moment than any before. */
  nextTs(): bigint {
    this.#ts += 1n
    return this.#ts
  }

  /** Runs `look` after each change. Returns what ends that. */
  onChange(look: () => Promise<void>): () => void {
    this.#onChange.add(look)
    return () => this.#onChange.delete(look)
  }

  /** Something may have changed. */
  changed(): Promise<void> {
    return this.inTurn(async () => {
      await Promise.all([...this.#onChange].map((look) => look()))
    })
  }

  /** After all that was asked for before. */
  inTurn<Result>(act: () => Promise<Result>): Promise<Result> {
    const result = this.#last.then(act)
    this.#last = result.catch(() => {})
    return result
  }

  /** Runs a public function. Never rejects. */
  async run({ kind, path, args, claims }: Call): Promise<Outcome> {
    try {
      await this.#assertPublic(kind, path)
      const value = await this.#call(kind, path, jsonToConvex(args[0] ?? {}) as never, claims)
      return { success: true, value: convexToJson((value ?? null) as never) }
    } catch (error) {
      const errorMessage = error instanceof Error ? error.message : String(error)
      if (!(error instanceof ConvexError)) return { success: false, errorMessage }
      return { success: false, errorMessage, errorData: convexToJson(error.data) }
    }
  }

  async #call(kind: FunctionKind, path: string, args: never, claims?: Claims): Promise<unknown> {
    const caller = claims === undefined ? this.t : this.t.withIdentity(claims)
    const name = path.replace('.js:', ':')
    const reference = makeFunctionReference(name) as FunctionReference<never>
    switch (kind) {
      case 'query':
        return caller.query(reference, args)
      case 'mutation':
        return caller.mutation(reference, args)
      case 'action':
        return caller.action(reference, args)
    }
  }

  async #assertPublic(kind: FunctionKind, path: string): Promise<void> {
    const [file = '', name = 'default'] = path.replace('.js:', ':').split(':')
    const key = Object.keys(this.#modules).find((module) => isModule(module, file))
    const found = key === undefined ? {} : ((await this.#modules[key]?.()) as object)
    const registered = (found as Record<string, Record<string, unknown> | undefined>)[name]
    const flag = { query: 'isQuery', mutation: 'isMutation', action: 'isAction' }[kind]
    if (registered?.isPublic === true && registered[flag] === true) return
    throw new Error(`Could not find public function for '${path}'.`)
  }
}

/** `./orders.ts` or `../convex/orders.ts` is the module `orders`. */
function isModule(path: string, file: string): boolean {
  const withoutEnding = path.replace(/\.[^./]+$/, '')
  return withoutEnding === `./${file}` || withoutEnding.endsWith(`/${file}`)
}
