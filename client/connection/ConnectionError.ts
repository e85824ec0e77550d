// What `send` rejects with and what `on('error')` tells.

/**
 * Beside the server's own codes (docs/protocol.md): `indeterminate` (it was sent, and nobody can
 * say whether it was applied), `not_sent`, `outbox_full`, `invalid_options`, `unreachable`,
 * `token_failed` (`getToken` threw), `not_loaded` (the part that is loaded on demand was not).
 */
export class ConnectionError extends Error {
  override readonly name = 'ConnectionError'
  readonly code: string

  constructor(code: string, message: string, cause?: unknown) {
    super(message, { cause })
    this.code = code
  }
}
