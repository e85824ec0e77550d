// One scenario over every transport at the same time, each with a server and tokens of its own: most
// of what a client does about tokens is waiting.

import { TRANSPORTS } from './Follower.js'
import { startTestServer, type TestServer } from './testServer.js'
import { createTokenBook, TOKEN_KINDS, type TokenBook } from './tokens.js'

export type Transport = (typeof TRANSPORTS)[number]

export interface Scene {
  readonly name: Transport
  readonly server: TestServer
  /** Who each good token stands for. */
  readonly good: TokenBook['good']
  readonly tokenOf: (user: string, n: number) => string
  /** For the client. */
  readonly options: { readonly baseUrl: string; readonly transports: readonly [Transport] }
}

/** Fails as the first of them does, and says over which transport. */
export async function sideBySide(
  kind: keyof typeof TOKEN_KINDS,
  act: (scene: Scene) => Promise<void>,
  names: readonly Transport[] = TRANSPORTS,
): Promise<void> {
  await Promise.all(
    names.map(async (name) => {
      const { good, authenticate } = createTokenBook()
      const server = await startTestServer({ authenticate })
      const options = { baseUrl: server.url, transports: [name] } as const
      try {
        await act({ name, server, good, tokenOf: TOKEN_KINDS[kind], options })
      } catch (error) {
        throw new Error(`over ${name}`, { cause: error })
      } finally {
        await server.close()
      }
    }),
  )
}
