// The ids of messages and connections: UUID v7, rising within this process.

import { randomFillSync } from 'node:crypto'
import { v7 as uuidv7 } from 'uuid'

const RANDOM_BYTES = 16
/** Fetched for one id at a time, its random bytes take as long as all the rest of a publish. */
const IDS_PER_FETCH = 256
/** Half of what there is room for, so that a millisecond never runs out of ids. */
const MAX_FIRST_COUNT = 0x7fff_ffff

/** `wallNow`: Unix milliseconds; it may jump. */
export function createNewId(wallNow: () => number): () => string {
  const pool = Buffer.alloc(IDS_PER_FETCH * RANDOM_BYTES)
  let at = pool.length
  let msecs = 0
  let seq = 0
  return () => {
    if (at === pool.length) {
      randomFillSync(pool)
      at = 0
    }
    const random = pool.subarray(at, at + RANDOM_BYTES)
    at += RANDOM_BYTES
    const now = wallNow()
    seq = now > msecs ? random.readUInt32BE(0) & MAX_FIRST_COUNT : seq + 1
    msecs = Math.max(now, msecs)
    return uuidv7({ random, msecs, seq })
  }
}
