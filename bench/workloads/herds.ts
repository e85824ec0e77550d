// The servers that know their users by tokens, and the dialect of each one's clients.

import type { Child } from '../harness/Child.js'
import type { Stage } from '../harness/Stage.js'
import { SECRET } from '../tokens.js'

const SERVERS: Readonly<Record<string, { file: string; dialect: string }>> = {
  syncline: { file: 'syncline-served', dialect: 'syncline' },
  ws: { file: 'ws-plain', dialect: 'plain' },
  'ws-naive': { file: 'ws-authenticated', dialect: 'plain' },
  'socket.io': { file: 'socket.io-authenticated', dialect: 'socket.io' },
}

export interface Herd {
  readonly server: Child
  readonly load: Child
  /** Of all that is asked of the load. */
  readonly order: Readonly<Record<string, unknown>>
}

/** A server, and so many who may connect to it, each with a token of its own. */
export async function gather(
  stage: Stage,
  peer: string,
  clients: number,
  { nodeOptions = [], topics }: { nodeOptions?: readonly string[]; topics?: number } = {},
): Promise<Herd> {
  const { file, dialect } = SERVERS[peer] ?? { file: peer, dialect: 'plain' }
  const args = file === 'syncline-served' ? [JSON.stringify({ authJwtSecret: SECRET })] : []
  const server = await stage.startServer(file, { args, nodeOptions })
  const load = await stage.startGenerator('herd')
  const order = { port: server.port, dialect, clients, topics, overMs: 0 }
  await load.call('enlist', order)
  return { server, load, order }
}
