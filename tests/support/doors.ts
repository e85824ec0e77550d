// Every door of a server, knocked at with one credential: what each of them answers.

import { httpRequest, JSON_HEADERS } from './httpRequest.js'
import { SocketClient } from './SocketClient.js'
import { waitFor } from './waitFor.js'

const ROUTES: readonly [method: string, path: string, body?: object][] = [
  ['GET', '/poll'],
  ['GET', '/stream'],
  ['GET', '/status'],
  ['POST', '/send', { type: 'knock', userId: 'nobody' }],
  ['POST', '/broadcast', { type: 'knock', userId: 'nobody' }],
  ['POST', '/force', { userId: 'nobody' }],
  ['POST', '/ticket'],
  ['POST', '/revoke', { jti: 'nobody' }],
]

/** A status for each route; for the WebSocket, 101 or its close code. */
export type Doors = Readonly<Record<string, number>>

const names = ROUTES.map(([method, path]) => `${method} ${path}`)

/** What it looks like where all doors say the same, but for these. */
export function allDoors(status: number, closeCode: number, but: Doors = {}): Doors {
  const routes = names.map((name) => [name, status] as const)
  return { ...Object.fromEntries(routes), '/ws': closeCode, ...but }
}

export async function knock(url: string, token?: string): Promise<Doors> {
  const headers = token === undefined ? {} : { Authorization: `Bearer ${token}` }
  const statuses = await Promise.all(
    ROUTES.map(async ([method, path, body]) => {
      const { status } = await httpRequest(`${url}/api/sync${path}`, {
        method,
        headers: { ...headers, ...(body !== undefined && JSON_HEADERS) },
        ...(body !== undefined && { body: JSON.stringify(body) }),
      })
      return [`${method} ${path}`, status] as const
    }),
  )
  return { ...Object.fromEntries(statuses), '/ws': await knockAtSocket(url, { token }) }
}

/** 101 where a socket is let in with this first frame, else its close code. */
export async function knockAtSocket(url: string, connect: object, path = '/ws'): Promise<number> {
  const socket = new SocketClient(url, { path })
  await socket.opened()
  const answer = await askIn(socket, connect)
  await socket.close()
  return answer
}

/** The same of a socket that is open, and stays so where it is let in. */
export async function askIn(socket: SocketClient, connect: object): Promise<number> {
  socket.send({ op: 'connect', ...connect })
  let code: number | undefined
  void socket.closed.then((end) => {
    code = end.code
  })
  const isIn = () => socket.frames.all.some(({ op }) => op === 'connected')
  return waitFor('the socket to be let in or closed', () => (isIn() ? 101 : code))
}
