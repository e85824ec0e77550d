// How many TCP connections a server of its own takes. Each costs a file descriptor before it has
// asked for anything, or after it was answered; without a bound one peer could take them all.

import type { Server } from 'node:http'
import type { Socket } from 'node:net'
import { addressKey } from './security/addresses.js'
import { plainAddress } from './security/hosts.js'

export interface SocketLimits {
  readonly max: number
  /** From one peer. `Infinity` where all come from a proxy, which has to see to it then. */
  readonly maxPerAddress: number
}

/** A client asks on several sockets at a time, and keeps some for later. */
const SOCKETS_PER_CONNECTION = 4
/** Beside them: probes, pages, requests that are refused. */
const SPARE_SOCKETS = 100

/** How many sockets so many connections may come with. */
export const socketsFor = (connections: number): number =>
  connections * SOCKETS_PER_CONNECTION + SPARE_SOCKETS

const openSockets = new WeakMap<Server, Set<Socket>>()

/** Hangs up on who comes over a bound. */
export function limitSockets(server: Server, { max, maxPerAddress }: SocketLimits): void {
  server.maxConnections = max
  const sockets = new Set<Socket>()
  openSockets.set(server, sockets)
  const counts = new Map<string, number>()
  server.on('connection', (socket: Socket) => {
    // Who has hung up already has no address.
    const address = addressKey(plainAddress(socket.remoteAddress ?? ''))
    const count = counts.get(address) ?? 0
    if (count >= maxPerAddress) return socket.destroy()
    counts.set(address, count + 1)
    sockets.add(socket)
    socket.once('close', () => {
      sockets.delete(socket)
      const left = (counts.get(address) ?? 1) - 1
      if (left === 0) counts.delete(address)
      else counts.set(address, left)
    })
  })
}

/** Hangs up on who has never said a word, as on a connection that a browser opened in advance. */
export function endSilent(server: Server): void {
  for (const socket of openSockets.get(server) ?? []) if (socket.bytesRead === 0) socket.destroy()
}
