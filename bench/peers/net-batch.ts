// As `net-limit`, with one write for all frames of a tick: what batching can do at best.

import type { Socket } from 'node:net'
import { PAYLOAD } from '../plan.js'
import { Members, serveFanOut } from './fanOutPeer.js'
import { acceptSockets, textFrame } from './handshake.js'

const FRAME = textFrame(JSON.stringify(PAYLOAD))
const members = new Members<Socket>()
let frames: Buffer[] = []

serveFanOut({
  port: await acceptSockets((socket, url) => members.add(socket, url)),
  publish() {
    frames.push(FRAME)
  },
  endTick() {
    const bytes = Buffer.concat(frames)
    frames = []
    for (const socket of members.of(undefined)) socket.write(bytes)
  },
})
