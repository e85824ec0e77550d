// Which keys were used with which content, and what came of it. It never forgets a key before
// its time: at its bound it refuses new ones, since a forgotten key is a message sent twice.

import { formatCursor } from '../../shared/cursor.js'
import { SyncError } from '../../shared/errors.js'
import type { Idempotency, Receipt } from './Broker.js'
import type { KeptKey } from './LogKeeper.js'

interface IdempotencyKeysOptions {
  /** How long a key is remembered, in milliseconds. */
  readonly ttlMs: number
  /** How many message ids may be remembered; a key costs as many as it published. */
  readonly maxKeys: number
  /** A monotonic clock in milliseconds. */
  readonly now: () => number
}

interface Remembered {
  readonly fingerprint: string
  readonly receipt: Receipt
  readonly expiresAt: number
}

export class IdempotencyKeys {
  readonly #options: IdempotencyKeysOptions
  // In order of insertion, which with one lifetime for all is the order of expiry.
  readonly #remembered = new Map<string, Remembered>()
  #size = 0

  constructor(options: IdempotencyKeysOptions) {
    this.#options = options
  }

  get size(): number {
    return this.#size
  }

  /** The first receipt of this key, or `undefined` where it is new. Throws `idempotency_conflict`. */
  find({ key, fingerprint }: Idempotency): Receipt | undefined {
    this.#forgetExpired()
    const known = this.#remembered.get(key)
    if (known === undefined) return undefined
    if (known.fingerprint !== fingerprint) throw idempotencyConflict()
    return known.receipt
  }

  /** Throws `unavailable` where `count` more don't fit; to be asked before anything is applied. */
  reserve(count: number): void {
    if (count === 0 || this.#size + count <= this.#options.maxKeys) return
    throw new SyncError(
      'unavailable',
      'too many idempotency keys are in use; try again later, or raise MAX_IDEMPOTENCY_KEYS',
      { retryAfterSeconds: this.#secondsUntilRoom() },
    )
  }

  remember(used: Idempotency, receipt: Receipt): void {
    this.#add(used, receipt, this.#options.ttlMs)
  }

  /** All that is remembered, in order. */
  *kept(): Generator<KeptKey> {
    this.#forgetExpired()
    const now = this.#options.now()
    for (const [key, { fingerprint, receipt, expiresAt }] of this.#remembered) {
      const { ids, position } = receipt
      yield { key, fingerprint, ids, position, remainingMs: expiresAt - now }
    }
  }

  /** Goes on with what an earlier process remembered of the same log, before anything newer. */
  restore({ ids, position, remainingMs, ...used }: KeptKey, epoch: string): void {
    const receipt = { ids, position, cursor: formatCursor(position, epoch), isDuplicate: false }
    // No longer than a new one, so that the order stays that of expiry.
    this.#add(used, receipt, Math.min(remainingMs, this.#options.ttlMs))
  }

  #add({ key, fingerprint }: Idempotency, receipt: Receipt, forMs: number): void {
    const expiresAt = this.#options.now() + forMs
    this.#remembered.set(key, { fingerprint, receipt, expiresAt })
    this.#size += receipt.ids.length
  }

  #forgetExpired(): void {
    const now = this.#options.now()
    for (const [key, { expiresAt, receipt }] of this.#remembered) {
      if (expiresAt > now) return
      this.#remembered.delete(key)
      this.#size -= receipt.ids.length
    }
  }

  #secondsUntilRoom(): number {
    const [oldest] = this.#remembered.values()
    if (oldest === undefined) return 1
    return Math.max(1, Math.ceil((oldest.expiresAt - this.#options.now()) / 1000))
  }
}

export function idempotencyConflict(): SyncError {
  return new SyncError(
    'idempotency_conflict',
    'this idempotency key was used with other content; use a new key for a new message',
  )
}
