// Reads the log again for a proof: first on from where it was read to, and then, where something has
// not arrived, what lies ahead of the connection. What lies behind it and has not come is missing.

import type { Page } from '../page/api.js'
import type { Proof } from './Proof.js'

export interface Rereading {
  readonly poll: (since: string) => Promise<Page>
  /** How many messages had arrived that this reading has to find. */
  readonly before: number
  /** The connection's position, asked for once the log is read; `undefined` to call nothing missing. */
  readonly position: () => string | undefined
  /** Whether what is read still matters. */
  readonly isWanted: () => boolean
}

/** Rejects where a poll does; what was read until then counts. */
export async function readAgain(proof: Proof, rereading: Rereading): Promise<void> {
  const { poll, before, isWanted } = rereading
  for (let hasMore = true; hasMore; ) {
    const page = await poll(proof.anchor)
    if (!isWanted()) return
    const isAfterGap = page.resync && page.reason !== 'forced'
    proof.reread(idsOf(page), page.cursor, isAfterGap)
    hasMore = page.hasMore
  }
  proof.readToEnd(before)
  await judge(proof, rereading)
}

async function judge(proof: Proof, { poll, position, isWanted }: Rereading): Promise<void> {
  const suspects = proof.awaited
  let since = position()
  if (suspects.length === 0 || since === undefined) return
  const ahead = new Set<string>()
  for (let hasMore = true; hasMore; ) {
    const page = await poll(since)
    // Some of them may have left the log, and the connection will be told so itself.
    if (page.resync) return
    for (const id of idsOf(page)) ahead.add(id)
    since = page.cursor
    hasMore = page.hasMore
  }
  if (isWanted()) proof.passed(suspects.filter((id) => !ahead.has(id)))
}

const idsOf = ({ messages }: Page): string[] => messages.map(({ id }) => id)
