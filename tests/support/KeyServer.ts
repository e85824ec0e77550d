// An identity provider as the server sees it: public keys at an address, and tokens that it signed.
// It can be down, and take new keys.

import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { type CryptoKey, exportJWK, generateKeyPair, type JWK, SignJWT } from 'jose'
import { claimsOf } from './signedTokens.js'

export type KeyAlgorithm = 'RS256' | 'ES256' | 'EdDSA'

interface Pair {
  readonly alg: KeyAlgorithm
  readonly privateKey: CryptoKey
}

export class KeyServer {
  readonly #pairs = new Map<string, Pair>()
  readonly #server: Server
  readonly #url: string
  #published: JWK[] = []
  #asked = 0
  isDown = false

  private constructor(server: Server) {
    this.#server = server
    this.#url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/jwks.json`
  }

  static async start(): Promise<KeyServer> {
    const server = createServer()
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    const keys = new KeyServer(server)
    server.on('request', (req, res) => {
      keys.#asked += 1
      if (keys.isDown) return req.socket.destroy()
      res.setHeader('Content-Type', 'application/json')
      res.end(JSON.stringify({ keys: keys.#published }))
    })
    return keys
  }

  /** For `AUTH_JWKS_URL`. */
  get url(): string {
    return this.#url
  }

  /** How often its keys were asked for. */
  get asked(): number {
    return this.#asked
  }

  /** Publishes a new key of its own name. */
  async add(kid: string, alg: KeyAlgorithm): Promise<JWK> {
    const { publicKey, privateKey } = await generateKeyPair(alg)
    this.#pairs.set(kid, { alg, privateKey })
    const published = { ...(await exportJWK(publicKey)), kid, alg, use: 'sig' }
    this.#published.push(published)
    return published
  }

  /** Publishes a key no longer. */
  withdraw(kid: string): void {
    this.#published = this.#published.filter((key) => key.kid !== kid)
  }

  /** A token signed with the key of this name, or that only says so. */
  sign(kid: string, claims: object, saidKid = kid): Promise<string> {
    const { alg, privateKey } = this.#pairs.get(kid) as Pair
    const token = new SignJWT(claimsOf({ ...claims }))
    return token.setProtectedHeader({ alg, kid: saidKid }).sign(privateKey)
  }

  async close(): Promise<void> {
    this.#server.close()
    this.#server.closeAllConnections()
    await once(this.#server, 'close')
  }
}
