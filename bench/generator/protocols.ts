// What a client says to be let in, by the protocol of its server, and when it is in.

import { randomBytes } from 'node:crypto'
import { type Rooms, roomsOf } from '../plan.js'

export type ProtocolName = 'plain' | 'socket.io' | 'syncline' | 'deflate' | 'sse'

export interface Protocol {
  /** The request that begins the conversation. */
  request(client: number, rooms: Rooms): string
  /** The end of the answer: what follows it is counted. */
  readonly answered: string
  /** Said after it. */
  firstFrame?(client: number, rooms: Rooms): string
  /** Data frames that a client is sent before it is in. */
  readonly greetings: number
}

const clientUrl = (path: string, client: number, rooms: Rooms) =>
  `${path}client=${client}&rooms=${rooms}`
const tokenOf = (client: number, rooms: Rooms) => `${client}.${rooms}`
const topicsOf = (client: number, rooms: Rooms) =>
  roomsOf(client, rooms).filter((room) => room.startsWith('topic:'))

const END_OF_HEAD = '\r\n\r\n'

/** As all browsers offer it. */
const DEFLATE = 'Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits\r\n'

const SYNCLINE: Protocol = {
  request: () => upgrade('/ws'),
  answered: END_OF_HEAD,
  firstFrame: (client, rooms) =>
    JSON.stringify({
      op: 'connect',
      token: tokenOf(client, rooms),
      topics: topicsOf(client, rooms),
    }),
  greetings: 1,
}

export const PROTOCOLS: Readonly<Record<ProtocolName, Protocol>> = {
  plain: {
    request: (client, rooms) => upgrade(clientUrl('/?', client, rooms)),
    answered: END_OF_HEAD,
    greetings: 0,
  },
  'socket.io': {
    request: (client, rooms) =>
      upgrade(clientUrl('/socket.io/?EIO=4&transport=websocket&', client, rooms)),
    answered: END_OF_HEAD,
    firstFrame: () => '40',
    greetings: 2,
  },
  syncline: SYNCLINE,
  deflate: { ...SYNCLINE, request: () => upgrade('/ws', DEFLATE) },
  sse: {
    request(client, rooms) {
      const topics = topicsOf(client, rooms).join(',')
      const path = `/api/sync/stream${topics === '' ? '' : `?topics=${topics}`}`
      return `GET ${path} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer ${tokenOf(client, rooms)}\r\n\r\n`
    },
    answered: 'event: connected\n',
    greetings: 0,
  },
}

function upgrade(url: string, extensions = ''): string {
  const key = randomBytes(16).toString('base64')
  return `GET ${url} HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: ${key}\r\n${extensions}\r\n`
}

/** A client's frame: text, masked with zeros, of less than 64 KiB. */
export function clientFrame(text: string, opcode = 0x1): Buffer {
  const payload = Buffer.from(text)
  const length =
    payload.length < 126
      ? [0x80 | payload.length]
      : [0x80 | 126, payload.length >> 8, payload.length & 0xff]
  return Buffer.concat([Buffer.from([0x80 | opcode, ...length, 0, 0, 0, 0]), payload])
}
