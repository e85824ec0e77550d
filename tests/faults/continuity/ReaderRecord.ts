// All that one reader was told, on all its connections, in the order in which it was told.

import type { ResyncReason } from '../../../shared/message.js'
import { tick } from './Ledger.js'

export type Told = {
  readonly at: number
} /** `began` is where a reader without a cursor stood at first. */ & (
  | { readonly kind: 'began' | 'position'; readonly cursor: string }
  | { readonly kind: 'message'; readonly cursor: string; readonly n: number; readonly id: string }
  /** Its cursor may come with what follows. */
  | {
      readonly kind: 'resync'
      readonly reason: ResyncReason
      readonly cursor?: string
      readonly via?: string
    }
)

const TRAIL = 15

export class ReaderRecord {
  readonly name: string
  readonly topics: readonly string[]
  readonly told: Told[] = []
  /** Where it went, to find out about what was told there. */
  readonly moves: { readonly at: number; readonly to: string }[] = []
  /** What it hands over to the next node or transport. */
  cursor: string | undefined

  constructor(name: string, topics: readonly string[]) {
    this.name = name
    this.topics = topics
  }

  /** Whether it has a position: from here on, it has to be told everything. */
  get hasBegun(): boolean {
    return this.told.length > 0
  }

  moved(to: string): void {
    this.moves.push({ at: tick(), to: `${to} from ${this.cursor}` })
  }

  /** What it was told up to this moment, and where, the last of it. */
  trail(until: number): string[] {
    const told = this.told.map(({ at, ...rest }) => ({ at, text: JSON.stringify(rest) }))
    const moves = this.moves.map(({ at, to }) => ({ at, text: to }))
    return [...told, ...moves]
      .filter(({ at }) => at <= until)
      .sort((a, b) => a.at - b.at)
      .slice(-TRAIL)
      .map(({ at, text }) => `${at} ${text}`)
  }

  position(cursor: string): void {
    this.told.push({ kind: this.hasBegun ? 'position' : 'began', at: tick(), cursor })
    this.cursor = cursor
  }

  message({ cursor, id, payload }: { cursor: string; id: string; payload?: unknown }): void {
    const { n } = payload as { n: number }
    this.told.push({ kind: 'message', at: tick(), cursor, id, n })
    this.cursor = cursor
  }

  /** `via`: what told it so. */
  resync(reason: ResyncReason, cursor?: string, via = 'page'): void {
    const at = tick()
    this.told.push({ kind: 'resync', at, reason, via, ...(cursor !== undefined && { cursor }) })
    this.cursor = cursor ?? this.cursor
  }
}
