// What must never be seen again once it was handed out: the signing secret, every token and every
// ticket of a test file. Makes the tokens, and looks for all of it in what was printed and answered.

import { createHmac, randomBytes } from 'node:crypto'

const LIFETIME_SECONDS = 3600

export interface Claims {
  readonly roles?: readonly string[]
  readonly topics?: unknown
  readonly [claim: string]: unknown
}

const encoded = (part: object): string => Buffer.from(JSON.stringify(part)).toString('base64url')

export class Secrets {
  /** For `AUTH_JWT_SECRET`. */
  readonly signingSecret = randomBytes(48).toString('base64url')
  /** What to look for, and how often it may be received. */
  readonly #mayAppear = new Map<string, number>([[this.signingSecret, 0]])

  /** A token of this user that the server believes. */
  mint(userId: string, claims: Claims = {}): string {
    const now = Math.floor(Date.now() / 1000)
    const payload = { sub: userId, iat: now, exp: now + LIFETIME_SECONDS, ...claims }
    const signed = `${encoded({ alg: 'HS256', typ: 'JWT' })}.${encoded(payload)}`
    const signature = createHmac('sha256', this.signingSecret).update(signed).digest('base64url')
    // Whoever has the signature has the token: the rest says only what everybody may know.
    this.#mayAppear.set(signature, 0)
    return `${signed}.${signature}`
  }

  /** Any other secret that the server was shown. */
  note(secret: string): string {
    this.#mayAppear.set(secret, 0)
    return secret
  }

  /** A ticket: it is in its own answer, and nowhere else. */
  noteTicket(ticket: string): string {
    this.#mayAppear.set(ticket, 1)
    return ticket
  }

  get count(): number {
    return this.#mayAppear.size
  }

  /** What stands around those that were printed at all, or received more often than they may be. */
  leakedBy(printed: string, received: readonly Buffer[]): string[] {
    const answered = received.map((bytes) => bytes.toString('latin1'))
    return [...this.#mayAppear].flatMap(([secret, most]) => {
      const inAnswers = answered.flatMap((text) => surroundingsOf(secret, text))
      return [...surroundingsOf(secret, printed), ...(inAnswers.length > most ? inAnswers : [])]
    })
  }
}

function surroundingsOf(secret: string, text: string): string[] {
  const found: string[] = []
  for (let at = text.indexOf(secret); at !== -1; at = text.indexOf(secret, at + 1)) {
    found.push(
      `${text.slice(Math.max(0, at - 60), at)}…${text.slice(at + secret.length).slice(0, 20)}`,
    )
  }
  return found
}
