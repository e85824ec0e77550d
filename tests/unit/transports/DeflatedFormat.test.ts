import { randomBytes } from 'node:crypto'
import { inflateRawSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import type { Entry } from '../../../server/brokers/Entry.js'
import { Turn } from '../../../server/delivery/Turn.js'
import { DeflatedFormat } from '../../../server/transports/DeflatedFormat.js'
import { payloadOf, webSocketFormat } from '../../../server/transports/webSocketFormat.js'
import { at, messageAt, resyncAt } from '../../support/entries.js'
import { RawReader } from '../../support/RawReader.js'

const MANY = 1_000_000

/** What shrinks well, in a frame of about this many bytes. */
const ofBytes = (bytes: number, counter = 0): Entry =>
  messageAt(at(1001, counter), ['t:a'], 'order 7 '.repeat(bytes / 8))

const formatFor = (readers: number, minBytes = 1024) =>
  new DeflatedFormat({ minBytes, readersOf: () => readers })

const isDeflated = (frame: Buffer) => frame[0] === 0xc1
const plainOf = (entry: Entry) => webSocketFormat.entry(entry)

describe('a deflated frame', () => {
  let reader: RawReader
  beforeAll(async () => {
    reader = await RawReader.open()
  })
  afterAll(() => reader.close())

  it.each([130, 1024, 65_000, 66_000, 500_000])(
    'of %d bytes is read by a client as the plain one is',
    async (bytes) => {
      const format = formatFor(MANY, 128)
      const entry = ofBytes(bytes)
      const frame = format.entry(entry)
      expect(isDeflated(frame)).toBe(true)
      expect(frame.length).toBeLessThan(plainOf(entry).length)
      expect(await reader.texts(frame)).toEqual(await reader.texts(plainOf(entry)))
    },
  )

  it('of each length that has another header is read', async () => {
    const format = formatFor(MANY, 128)
    const small = Array.from({ length: 40 }, (_, index) => 40 + 4 * index)
    for (const bytes of [...small, 100_000, 120_000, 200_000]) {
      // It shrinks to little more than half, so that lengths on both sides of 126 and 65,536 come.
      const payload = randomBytes(bytes / 2).toString('hex')
      const entry = messageAt(at(1001), ['t:a'], payload)
      const frame = format.entry(entry)
      expect(isDeflated(frame)).toBe(true)
      expect(await reader.texts(frame)).toEqual(await reader.texts(plainOf(entry)))
    }
  })

  it('stands alone: each is read without those before, and beside plain ones', async () => {
    const format = formatFor(MANY)
    const entries = [ofBytes(5000, 1), ofBytes(100, 2), ofBytes(5000, 3)]
    const frames = entries.map((entry) => format.entry(entry))
    expect(frames.map(isDeflated)).toEqual([true, false, true])
    const [first, , last] = await reader.texts(Buffer.concat(frames))
    expect(await reader.texts(frames[2]!)).toEqual([last])
    expect(await reader.texts(frames[0]!)).toEqual([first])
  })

  it('is read through a window of 4 KiB', () => {
    const payload = Array.from({ length: 8 }, () => randomBytes(3000).toString('hex')).join('')
    const entry = messageAt(at(1001), ['t:a'], payload.repeat(2))
    const frame = formatFor(MANY).entry(entry)
    const deflated = Buffer.concat([payloadOf(frame), Buffer.from([0, 0, 0xff, 0xff])])
    const text = inflateRawSync(deflated, { windowBits: 12, finishFlush: 2 }).toString()
    expect(text).toContain(entry.json)
  })
})

describe('what is not deflated', () => {
  it('is a frame below the threshold', () => {
    const format = formatFor(MANY, 2048)
    const entry = ofBytes(1500)
    expect(format.entry(entry)).toEqual(plainOf(entry))
    expect(isDeflated(format.entry(ofBytes(2100)))).toBe(true)
  })

  it('is what goes to few, and a large frame needs more readers than a small one', () => {
    const isDeflatedFor = (readers: number, bytes: number) =>
      isDeflated(formatFor(readers).entry(ofBytes(bytes)))
    expect([1, 10, 60].map((readers) => isDeflatedFor(readers, 2048))).toEqual([
      false,
      false,
      false,
    ])
    expect(isDeflatedFor(100, 2048)).toBe(true)
    expect(isDeflatedFor(100, 65_536)).toBe(false)
    expect(isDeflatedFor(1000, 65_536)).toBe(true)
  })

  it('is what does not shrink', () => {
    // Without escapes, so that a character is a byte.
    const text = randomBytes(9000)
      .toString('latin1')
      .replace(/[^ !#-[\]-~]/g, '')
    const entry = messageAt(at(1001), ['t:a'], text)
    expect(formatFor(MANY).entry(entry)).toEqual(plainOf(entry))
  })

  it('is what would hold up everybody', () => {
    expect(isDeflated(formatFor(MANY).entry(ofBytes(2 << 20)))).toBe(false)
  })

  it('is a forced resync, and an event', () => {
    const format = formatFor(MANY, 1)
    const resync = resyncAt(at(1001))
    expect(isDeflated(formatFor(MANY).entry(resync))).toBe(false)
    const body = JSON.stringify({ text: 'x'.repeat(5000) })
    expect(format.event('ok', body)).toEqual(webSocketFormat.event('ok', body))
  })
})

it('counts for a batch what its reader is spared', () => {
  const format = formatFor(MANY)
  const entries = [ofBytes(5000, 1), ofBytes(100, 2), ofBytes(8000, 3)]
  const batch = new Turn(entries[0]!, 0).empty.with(entries)
  const spared = batch.bytes(webSocketFormat).length - batch.bytes(format).length
  expect(spared).toBeGreaterThan(12_000)
  expect([format.savedIn(batch), format.savedIn(batch)]).toEqual([spared, spared])
})
