// One connection per server, however many parts of an application ask for it.

import { ConnectionError } from './ConnectionError.js'
import { ConnectionManager } from './ConnectionManager.js'
import { type ConnectionOptions, type ResolvedOptions, resolveOptions } from './options.js'

const managers = new Map<string, ConnectionManager>()

/**
 * The page's one connection to `baseUrl`, made at the first call; nothing is opened before
 * `connect()`. Options that are left out are not compared; one that differs from the first call's
 * throws a `ConnectionError` `invalid_options`: use the connection as it is, or make one of your own
 * with `new ConnectionManager()`. Functions can't be compared: the first ones stay.
 *
 * Where there is no page and no dedicated worker, as on a server, each call makes a new one: what is
 * shared there would be shared between users.
 */
export function getConnectionManager(options: ConnectionOptions = {}): ConnectionManager {
  const resolved = resolveOptions(options)
  if (!isClient()) return new ConnectionManager(options)
  const existing = managers.get(resolved.baseUrl)
  if (existing === undefined) {
    const manager = new ConnectionManager(options)
    shareConnectionManager(manager)
    return manager
  }
  for (const name of Object.keys(options) as (keyof ConnectionOptions)[]) {
    if (options[name] !== undefined) requireSame(name, existing.options, resolved)
  }
  return existing
}

/** Makes it the one that others get, where there is none. */
export function shareConnectionManager(manager: ConnectionManager): void {
  const { baseUrl } = manager.options
  if (isClient() && !managers.has(baseUrl)) managers.set(baseUrl, manager)
}

/** Forgets a manager that nobody uses any more, so that another may be made with other options. */
export function releaseConnectionManager(manager: ConnectionManager): void {
  const { baseUrl } = manager.options
  if (managers.get(baseUrl) === manager) managers.delete(baseUrl)
}

function requireSame(
  name: keyof ConnectionOptions,
  existing: ResolvedOptions,
  asked: ResolvedOptions,
): void {
  // Functions have no JSON: they may be other ones.
  if (JSON.stringify(existing[name]) === JSON.stringify(asked[name])) return
  // What to do instead stands in the documentation of this function.
  const message = `${name}: the connection to ${asked.baseUrl} has another value`
  throw new ConnectionError('invalid_options', message)
}

const isClient = (): boolean =>
  'document' in globalThis || 'DedicatedWorkerGlobalScope' in globalThis
