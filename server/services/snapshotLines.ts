// How a log is written down, line by line: a head, then the idempotency keys, the marks and the
// entries, each kind in its order and known by its first letter. An entry's text stands behind a
// tab as it is: JSON text has neither tabs nor newlines. Where an audience has lost an entry that
// another still has, those that have it come last.
//
//   h{"run":"…","epoch":"k3f9q2","start":[…],"head":[…],"savedAt":1763650000000,"floor":[…]}
//   k["ann\nk1","<fingerprint>",<ms to go>,ms,counter,"<id>",…]
//   m["u:ann",ms,counter,"evicted"]
//   e[ms,counter,<age in ms>,["u:ann","u:bob"],["u:bob"]]⇥{"id":…}

import { z } from 'zod'
import type { AudienceKey } from '../../shared/audience.js'
import { formatCursor, type Position } from '../../shared/cursor.js'
import type { KeptKey } from '../brokers/LogKeeper.js'
import type { Mark } from './Marks.js'
import type { Held } from './MessageQueueService.js'

/** A file that begins otherwise is another's, or of a version that writes otherwise. */
export const FIRST_LINE = 'syncline snapshot 1'

const TAB = 9

const whole = z.int().min(0)
const place = [whole, whole] as const
const reason = z.enum(['expired', 'evicted'])
const audience = z.array(z.string()).min(1)
const headSchema = z.object({
  run: z.string(),
  epoch: z.string().regex(/^[a-z0-9]{6,16}$/),
  start: z.tuple(place),
  head: z.tuple(place),
  savedAt: z.number(),
  floor: z.tuple([...place, reason]),
})
const keySchema = z.tuple([z.string(), z.string(), z.number(), ...place], z.string())
const markSchema = z.tuple([z.string(), ...place, reason])
const entrySchema = z.tuple([...place, z.number(), audience, audience.optional()])

export interface SnapshotHead {
  /** The run of the server that kept it. */
  readonly run: string
  readonly epoch: string
  readonly start: Position
  readonly head: Position
  /** When the ages were taken, in Unix milliseconds. */
  readonly savedAt: number
  /** What audiences without a mark of their own may have lost. */
  readonly floor: Mark
}

export type SnapshotLine =
  | { readonly kind: 'head'; readonly head: SnapshotHead }
  | { readonly kind: 'key'; readonly key: KeptKey }
  | { readonly kind: 'mark'; readonly audience: AudienceKey; readonly mark: Mark }
  | { readonly kind: 'entry'; readonly held: Held }

export function formatHead({ run, epoch, start, head, savedAt, floor }: SnapshotHead): string {
  const { position, reason } = floor
  const places = { start: placeOf(start), head: placeOf(head) }
  return `h${JSON.stringify({ run, epoch, ...places, savedAt, floor: [...placeOf(position), reason] })}`
}

export function formatKey({ key, fingerprint, remainingMs, position, ids }: KeptKey): string {
  return `k${JSON.stringify([key, fingerprint, remainingMs, ...placeOf(position), ...ids])}`
}

export function formatMark(key: AudienceKey, { position, reason }: Mark): string {
  return `m${JSON.stringify([key, ...placeOf(position), reason])}`
}

export function formatHeld({ entry, audience, ageMs }: Held): string {
  const hasLost = audience.length < entry.audience.length
  // Rounded up: an entry may expire a moment early, but never late.
  const fields = [...placeOf(entry), Math.ceil(ageMs), entry.audience]
  return `e${JSON.stringify(hasLost ? [...fields, audience] : fields)}\t${entry.json}`
}

/** Throws where it is no line of these. `epoch`: that of the head, which comes first. */
export function parseLine(line: Buffer, epoch: string): SnapshotLine {
  const kind = line.toString('latin1', 0, 1)
  switch (kind) {
    case 'h':
      return { kind: 'head', head: parseHead(line.toString('utf8', 1)) }
    case 'k':
      return { kind: 'key', key: parseKey(line.toString('utf8', 1)) }
    case 'm': {
      const [key, ms, counter, reason] = markSchema.parse(JSON.parse(line.toString('utf8', 1)))
      return { kind: 'mark', audience: key, mark: { position: { ms, counter }, reason } }
    }
    case 'e':
      return { kind: 'entry', held: parseHeld(line, epoch) }
    default:
      throw new Error('a line of an unknown kind')
  }
}

function parseHead(text: string): SnapshotHead {
  const { run, epoch, savedAt, ...places } = headSchema.parse(JSON.parse(text))
  const [ms, counter, reason] = places.floor
  return {
    run,
    epoch,
    savedAt,
    start: positionAt(places.start),
    head: positionAt(places.head),
    floor: { position: { ms, counter }, reason },
  }
}

function parseKey(text: string): KeptKey {
  const [key, fingerprint, remainingMs, ms, counter, ...ids] = keySchema.parse(JSON.parse(text))
  return { key, fingerprint, remainingMs, position: { ms, counter }, ids }
}

function parseHeld(line: Buffer, epoch: string): Held {
  const tab = line.indexOf(TAB)
  const fields: unknown = JSON.parse(line.toString('utf8', 1, tab))
  const [ms, counter, ageMs, audience, held = audience] = entrySchema.parse(fields)
  // By itself, not as a part of the line, which would stay in memory with it.
  const json = line.toString('utf8', tab + 1)
  const kind = json === '' ? 'resync' : 'message'
  const cursor = formatCursor({ ms, counter }, epoch)
  return { entry: { ms, counter, kind, cursor, audience, json }, audience: held, ageMs }
}

const placeOf = ({ ms, counter }: Position): [number, number] => [ms, counter]
const positionAt = ([ms, counter]: [number, number]): Position => ({ ms, counter })
