// An entry of the log as the stream in Redis has it. Its place is the stream's, so what carries the
// place is encoded by each node when it reads the entry.

import type { AudienceKey } from '../../../shared/audience.js'
import { comparePositions, type Position } from '../../../shared/cursor.js'
import type { Appendable } from '../Entry.js'

/** What the log keeps for an entry beside its text, on each node: counted here so that both agree. */
const ENTRY_COST_BYTES = 700

/** Whose append an entry belongs to, and which of its publications. */
export interface AppendTag {
  readonly node: string
  readonly append: number
  readonly publication: number
}

/** One entry as it was read. */
export interface StreamEntry {
  readonly id: string
  /** The entry before it, or where the log began. */
  readonly previous: string
  /** What it is told by from another entry in its place. */
  readonly mark: string
  readonly item: Appendable
  readonly tag: AppendTag
  /** The last one of its publication. */
  readonly isLast: boolean
  /** Its publisher asks every node how many connections it reaches. */
  readonly isCounted: boolean
}

interface Marking {
  readonly tag: AppendTag
  readonly isLast: boolean
  readonly isCounted: boolean
}

type Head = { readonly audience: readonly AudienceKey[] } & (
  | { readonly kind: 'resync' }
  | {
      readonly kind: 'message'
      readonly id: string
      readonly type: string
      readonly userId?: string
      readonly roles?: readonly string[]
      readonly topics?: readonly string[]
    }
)

/** The values of `m`, `p`, `b`, `a` and `c`. */
export function toFields(item: Appendable, { tag, isLast, isCounted }: Marking): string[] {
  const payload = (item.kind === 'message' ? item.payloadJson : undefined) ?? ''
  const head = JSON.stringify(item.kind === 'message' ? { ...item, payloadJson: undefined } : item)
  const cost = Buffer.byteLength(head) + Buffer.byteLength(payload) + ENTRY_COST_BYTES
  const { node, append, publication } = tag
  const flags = `${isLast ? 'l' : ''}${isCounted ? 'c' : ''}`
  return [head, payload, String(cost), `${node}:${append}:${publication}`, flags]
}

/** `undefined` for what no node of ours has written. */
export function fromFields(id: string, fields: readonly string[]): StreamEntry | undefined {
  const {
    v,
    m,
    p,
    a,
    c = '',
  } = Object.fromEntries(
    Array.from({ length: fields.length / 2 }, (_, n) => [fields[2 * n], fields[2 * n + 1]]),
  ) as Partial<Record<string, string>>
  const head = headIn(m)
  if (v === undefined || a === undefined || head === undefined) return undefined
  const [node = '', append, publication] = a.split(':')
  return {
    id,
    previous: v,
    mark: a,
    item: head.kind === 'message' && p ? { ...head, payloadJson: p } : head,
    tag: { node, append: Number(append), publication: Number(publication) },
    isLast: c.includes('l'),
    isCounted: c.includes('c'),
  }
}

function headIn(text = ''): Head | undefined {
  try {
    const head = JSON.parse(text) as Partial<Record<string, unknown>> | null
    const { kind, audience, id, type } = head ?? {}
    const isAddressed = Array.isArray(audience) && audience.every((key) => typeof key === 'string')
    const isMessage = kind === 'message' && typeof id === 'string' && typeof type === 'string'
    return isAddressed && (isMessage || kind === 'resync') ? (head as Head) : undefined
  } catch {
    return undefined
  }
}

/** The id of a stream's entry as a position. */
export function positionAt(id: string): Position {
  const [ms, counter] = id.split('-')
  return { ms: Number(ms), counter: Number(counter ?? 0) }
}

export const isBefore = (id: string, other: string): boolean =>
  comparePositions(positionAt(id), positionAt(other)) < 0

export const laterId = (id: string, other: string): string => (isBefore(id, other) ? other : id)
