// Which keys were used with which content, and what came of it. It never forgets a key before
// its time: at its bound it refuses new ones, since a forgotten key is a message sent twice.

import { formatCursor } from '../../shared/cursor.js'
import { SyncError } from '../../shared/errors.js'
import { OldestFirst } from '../../shared/OldestFirst.js'
import type { Idempotency, Receipt } from './Broker.js'
import type { KeptKey } from './LogKeeper.js'

/** More at once would keep others waiting. */
const SWEPT_AT_ONCE = 5000

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
  readonly #remembered = new OldestFirst<Remembered>()
  #size = 0

  constructor(options: IdempotencyKeysOptions) {
    this.#options = options
  }

  /** Message ids that are remembered. */
  get size(): number {
    return this.#size
  }

  /** The first receipt of this key, or `undefined` where it is new. Throws `idempotency_conflict`. */
  find({ key, fingerprint }: Idempotency): Receipt | undefined {
    const known = this.#remembered.get(key)
    if (known === undefined || this.#hasExpired(known)) return undefined
    if (known.fingerprint !== fingerprint) throw idempotencyConflict()
    return known.receipt
  }

  /** Throws `unavailable` where `count` more don't fit; to be asked before anything is applied. */
  reserve(count: number): void {
    if (count === 0) return
    const { maxKeys } = this.#options
    while (this.#size + count > maxKeys && this.#forgetExpired());
    if (this.#size + count <= maxKeys) return
    throw new SyncError(
      'unavailable',
      'too many idempotency keys are in use; try again later, or raise MAX_IDEMPOTENCY_KEYS',
      { retryAfterSeconds: this.#secondsUntilRoom() },
    )
  }

  remember(used: Idempotency, receipt: Receipt): void {
    this.#add(used, receipt, this.#options.ttlMs)
  }

  /** Lets go of keys whose time is over, some thousands at a time: to be called now and then. */
  sweep(): void {
    for (let swept = 0; swept < SWEPT_AT_ONCE && this.#forgetExpired(); swept += 1);
  }

  /** All that is remembered, in order. */
  *kept(): Generator<KeptKey> {
    const now = this.#options.now()
    for (const [key, { fingerprint, receipt, expiresAt }] of this.#remembered) {
      const { ids, position } = receipt
      const remainingMs = expiresAt - now
      if (remainingMs > 0) yield { key, fingerprint, ids, position, remainingMs }
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
    this.#forget(key)
    this.#remembered.set(key, { fingerprint, receipt, expiresAt })
    this.#size += receipt.ids.length
  }

  /** The oldest, if its time is over. False where it is not. */
  #forgetExpired(): boolean {
    const { oldest } = this.#remembered
    if (oldest === undefined || !this.#hasExpired(oldest[1])) return false
    this.#forget(oldest[0])
    return true
  }

  #forget(key: string): void {
    this.#size -= this.#remembered.get(key)?.receipt.ids.length ?? 0
    this.#remembered.delete(key)
  }

  #hasExpired({ expiresAt }: Remembered): boolean {
    return expiresAt <= this.#options.now()
  }

  #secondsUntilRoom(): number {
    const { oldest } = this.#remembered
    if (oldest === undefined) return 1
    return Math.max(1, Math.ceil((oldest[1].expiresAt - this.#options.now()) / 1000))
  }
}

export function idempotencyConflict(): SyncError {
  return new SyncError(
    'idempotency_conflict',
    'this idempotency key was used with other content; use a new key for a new message',
  )
}
