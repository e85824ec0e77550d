import { expect, it } from '@jest/globals'
import { FrameReader, PING, TEXT } from '../../../bench/generator/FrameReader.js'

const frame = (text: string, opcode = TEXT) => {
  const payload = Buffer.from(text)
  const { length } = payload
  const size = length < 126 ? [length] : [126, length >> 8, length & 0xff]
  return Buffer.concat([Buffer.from([0x80 | opcode, ...size]), payload])
}

const SENT: [number, string][] = [
  [TEXT, 'short'],
  [PING, ''],
  [TEXT, 'x'.repeat(125)],
  [TEXT, 'y'.repeat(126)],
  [TEXT, 'ü'.repeat(3000)],
]
const BYTES = Buffer.concat(SENT.map(([opcode, text]) => frame(text, opcode)))

it.each([1, 3, 127, 5000, 100_000])('reads frames that come in pieces of %i bytes', (size) => {
  const read: [number, string][] = []
  const reader = new FrameReader((opcode, payload) => read.push([opcode, payload.toString()]))
  for (let at = 0; at < BYTES.length; at += size) reader.read(BYTES.subarray(at, at + size))
  expect(read).toEqual(SENT)
})

it('reads a frame with a length of eight bytes', () => {
  const lengths: number[] = []
  const head = Buffer.from([0x81, 127, 0, 0, 0, 0, 0, 1, 0x11, 0x70])
  new FrameReader((_opcode, payload) => lengths.push(payload.length)).read(
    Buffer.concat([head, Buffer.alloc(70_000)]),
  )
  expect(lengths).toEqual([70_000])
})
