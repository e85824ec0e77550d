// Counting by headers alone: whatever the pieces that frames arrive in.

import { describe, expect, it, jest } from '@jest/globals'
import { DELIVERY_BYTES, FrameCounter } from '../../../bench/generator/FrameCounter.js'
import { textFrame } from '../../../bench/peers/handshake.js'

const noPing = () => {}
const frameOf = (bytes: number) => textFrame('x'.repeat(bytes))
const longFrame = () => {
  const header = Buffer.from([0x81, 127, 0, 0, 0, 0, 0, 1, 0x11, 0x70])
  return Buffer.concat([header, Buffer.alloc(70_000, 'x')])
}

describe('a counter of frames', () => {
  it('counts deliveries of every length, and leaves heartbeats out', () => {
    const counter = new FrameCounter(noPing)
    const frames = [frameOf(DELIVERY_BYTES), frameOf(60), longFrame(), frameOf(5000), frameOf(0)]
    expect(counter.feed(Buffer.concat(frames))).toBe(3)
    expect(counter.frames).toBe(5)
  })

  it('counts the same in pieces of any size', () => {
    const bytes = Buffer.concat([frameOf(300), frameOf(10), longFrame(), frameOf(200)])
    for (const size of [1, 2, 3, 7, 199, 4096]) {
      const counter = new FrameCounter(noPing)
      let deliveries = 0
      for (let at = 0; at < bytes.length; at += size) {
        deliveries += counter.feed(bytes.subarray(at, at + size))
      }
      expect(deliveries).toBe(3)
    }
  })

  it('counts a delivery when its last byte is there, not before', () => {
    const counter = new FrameCounter(noPing)
    const frame = frameOf(300)
    expect(counter.feed(frame, frame.length - 1)).toBe(0)
    expect(counter.feed(frame.subarray(-1))).toBe(1)
  })

  it('says what wants an answer: a ping, and one of Socket.IO', () => {
    const onPing = jest.fn()
    const counter = new FrameCounter(onPing)
    counter.feed(Buffer.concat([Buffer.from([0x89, 0]), textFrame('2'), frameOf(300)]))
    expect(onPing.mock.calls).toEqual([[false], [true]])
  })
})
