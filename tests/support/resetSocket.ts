import type { Socket } from 'node:net'

/**
 * Ends a connection with a TCP reset. Where its own half was ended already there can be none (libuv
 * refuses it, and Node then forgets the socket, open as it is): it is closed.
 */
export function resetSocket(socket: Socket): void {
  if (socket.writableEnded) socket.destroy()
  else socket.resetAndDestroy()
}
