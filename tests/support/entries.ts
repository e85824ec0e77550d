// Entries of a log, made as a broker makes them.

import { type Entry, toEntry } from '../../server/brokers/Entry.js'
import type { Position } from '../../shared/cursor.js'

export const EPOCH = 'epoch0'

export const at = (ms: number, counter = 0): Position => ({ ms, counter })

/** A message at a place; its id says where it stands. */
export function messageAt(
  position: Position,
  audience: readonly string[] = ['*'],
  payload?: unknown,
  epoch = EPOCH,
): Entry {
  const payloadJson = payload === undefined ? undefined : JSON.stringify(payload)
  const id = `m${position.ms}-${position.counter}`
  return toEntry({ kind: 'message', id, type: 'test', payloadJson, audience }, position, epoch)
}

export function resyncAt(position: Position, audience: readonly string[] = ['*']): Entry {
  return toEntry({ kind: 'resync', audience }, position, EPOCH)
}
