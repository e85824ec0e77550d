// The public keys of one identity provider, fetched from one configured address and from no other,
// whatever a token says. They are kept while the provider can't be reached, and asked for no more
// than a few times a minute, however many unknown keys tokens name.

import { createLocalJWKSet, errors, type JSONWebKeySet, type JWTVerifyGetKey } from 'jose'
import { CLOSE } from '../../shared/closeCodes.js'
import { SyncError } from '../../shared/errors.js'

/** Keys of this age are fetched anew, in the background. */
const FRESH_MS = 10 * 60_000
const FETCH_WITHIN_MS = 5000
/** So many fetches at once at most, and one more for each of these spans that has passed since. */
const MAX_FETCHES = 6
const FETCH_AGAIN_MS = 10_000
const MAX_BYTES = 1 << 20

interface JwksKeysOptions {
  readonly url: string
  readonly fetch: typeof fetch
  readonly monotonicNow: () => number
  /** Told why keys could not be had. */
  readonly onFault: (error: unknown) => void
}

export class JwksKeys {
  readonly #options: JwksKeysOptions
  #keys: JWTVerifyGetKey | undefined
  #fetchedAt = 0
  /** The last fetch failed. */
  #isDown = false
  #fetchesLeft = MAX_FETCHES
  #countedAt = 0
  #fetching: Promise<boolean> | undefined

  constructor(options: JwksKeysOptions) {
    this.#options = options
  }

  /** When the keys were fetched that count now, by the monotonic clock. */
  get since(): number {
    return this.#fetchedAt
  }

  /**
   * The key that a token names. Throws jose's `JWKSNoMatchingKey` where there is none, and
   * `unavailable` where that can't be said because the provider can't be asked. Where it was asked
   * too often of late, a token is refused that may be good: as one to be replaced, not for good.
   */
  readonly find: JWTVerifyGetKey = async (header, token) => {
    if (this.#keys === undefined && !(await this.#refresh())) throw keysUnavailable()
    if (this.#options.monotonicNow() - this.#fetchedAt > FRESH_MS) void this.#refresh()
    try {
      return await this.#search(header, token)
    } catch (error) {
      if (!(error instanceof errors.JWKSNoMatchingKey)) throw error
      if (!this.#mayFetch()) throw this.#isDown ? keysUnavailable() : unknownKey()
    }
    if (!(await this.#refresh())) throw keysUnavailable()
    return this.#search(header, token)
  }

  #search(...asked: Parameters<JWTVerifyGetKey>): ReturnType<JWTVerifyGetKey> {
    if (this.#keys === undefined) throw keysUnavailable()
    return this.#keys(...asked)
  }

  #mayFetch(): boolean {
    const now = this.#options.monotonicNow()
    const spans = Math.floor((now - this.#countedAt) / FETCH_AGAIN_MS)
    this.#countedAt += spans * FETCH_AGAIN_MS
    this.#fetchesLeft = Math.min(MAX_FETCHES, this.#fetchesLeft + spans)
    // The next span begins with the first fetch.
    if (this.#fetchesLeft === MAX_FETCHES) this.#countedAt = now
    return this.#fetching !== undefined || this.#fetchesLeft > 0
  }

  /** Whether the provider gave its keys. One question at a time, for all who wait for it. */
  #refresh(): Promise<boolean> {
    if (!this.#mayFetch()) return Promise.resolve(false)
    this.#fetching ??= this.#fetch().finally(() => {
      this.#fetching = undefined
    })
    return this.#fetching
  }

  async #fetch(): Promise<boolean> {
    this.#fetchesLeft -= 1
    try {
      this.#keys = createLocalJWKSet(keySetOf(await this.#read()))
      this.#fetchedAt = this.#options.monotonicNow()
      this.#isDown = false
      return true
    } catch (error) {
      this.#isDown = true
      this.#options.onFault(new Error('AUTH_JWKS_URL gave no keys', { cause: error }))
      return false
    }
  }

  async #read(): Promise<string> {
    const response = await this.#options.fetch(this.#options.url, {
      headers: { Accept: 'application/json' },
      redirect: 'error',
      signal: AbortSignal.timeout(FETCH_WITHIN_MS),
    })
    if (!response.ok) throw new Error(`it answered with ${response.status}`)
    const chunks: Uint8Array[] = []
    let bytes = 0
    for await (const chunk of response.body ?? []) {
      bytes += chunk.length
      if (bytes > MAX_BYTES) throw new Error(`its answer has more than ${MAX_BYTES} bytes`)
      chunks.push(chunk)
    }
    return Buffer.concat(chunks).toString()
  }
}

/** A provider without any key is one that has a fault: the last good keys stay. */
function keySetOf(text: string): JSONWebKeySet {
  const set: JSONWebKeySet = JSON.parse(text)
  if (Array.isArray(set?.keys) && set.keys.length === 0) throw new Error('there are none in it')
  return set
}

function keysUnavailable(): SyncError {
  return new SyncError(
    'unavailable',
    'the token could not be checked: the keys of its issuer can not be had now; try again',
    { retryAfterSeconds: 5 },
  )
}

/** Its provider may have begun to use that key a moment ago: not final. */
function unknownKey(): SyncError {
  return new SyncError('unauthorized', 'the token is not valid: its key is not known here', {
    close: CLOSE.unknownKey,
  })
}
