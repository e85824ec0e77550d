// The WebSocket handshake and frames by hand (RFC 6455), for peers that are nothing but sockets.

import { createHash } from 'node:crypto'
import { createServer, type Socket } from 'node:net'
import { listenOn } from './listenOn.js'

const GUID = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11'

/** An unmasked text frame. */
export function textFrame(text: string): Buffer {
  const payload = Buffer.from(text)
  const header =
    payload.length < 126
      ? Buffer.from([0x81, payload.length])
      : Buffer.from([0x81, 126, payload.length >> 8, payload.length & 0xff])
  return Buffer.concat([header, payload])
}

/** Listens for upgrades, and hands over each upgraded socket with the URL that was asked for. */
export function acceptSockets(onSocket: (socket: Socket, url: string) => void): Promise<number> {
  const server = createServer({ noDelay: true }, (socket) => {
    let request = ''
    const read = (bytes: Buffer) => {
      request += bytes.toString('latin1')
      if (!request.endsWith('\r\n\r\n')) return
      socket.off('data', read)
      socket.resume()
      const key = /sec-websocket-key: (\S+)/i.exec(request)?.[1]
      const accept = createHash('sha1').update(`${key}${GUID}`).digest('base64')
      socket.write(
        `HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${accept}\r\n\r\n`,
      )
      onSocket(socket, request.split(' ')[1] ?? '/')
    }
    socket.on('data', read)
    socket.on('error', () => socket.destroy())
  })
  return listenOn(server)
}
