// Counting the messages of a stream of Server-Sent Events, whatever the pieces that they arrive in.

import { expect, it } from '@jest/globals'
import { EventCounter } from '../../../bench/generator/EventCounter.js'

const MESSAGE = 'id: 1-0.abcdef\nevent: message\ndata: {"type":"event: message"}\n\n'
const HEARTBEAT = 'id: 1-0.abcdef\nevent: heartbeat\ndata: {}\n\n'
const chunked = (text: string) => `${text.length.toString(16)}\r\n${text}\r\n`

it('counts messages and no heartbeats, in pieces of any size', () => {
  const batch = chunked(MESSAGE + MESSAGE)
  const bytes = Buffer.from(batch + chunked(HEARTBEAT) + chunked(MESSAGE))
  for (let size = 1; size <= bytes.length; size += 1) {
    const counter = new EventCounter()
    let messages = 0
    for (let at = 0; at < bytes.length; at += size) {
      messages += counter.feed(bytes.subarray(at, at + size))
    }
    expect(messages).toBe(3)
  }
})
