import { describe, expect, it } from '@jest/globals'
import fc from 'fast-check'
import { chunkedSseFormat, retryField, sseFormat } from '../../../server/transports/sseFormat.js'
import { at, EPOCH, messageAt, resyncAt } from '../../support/entries.js'

describe('on an event stream', () => {
  it('a message is an event with its cursor as its id', () => {
    const entry = messageAt(at(1001), ['t:a'], { n: 1 })
    expect(sseFormat.entry(entry).toString()).toBe(
      `id: 1001-0.${EPOCH}\nevent: message\ndata: ${entry.json}\n\n`,
    )
  })

  it('a forced resync is an event with its cursor as its id and in its data', () => {
    const cursor = `1001-0.${EPOCH}`
    expect(sseFormat.entry(resyncAt(at(1001))).toString()).toBe(
      `id: ${cursor}\nevent: resync\ndata: {"reason":"forced","cursor":"${cursor}"}\n\n`,
    )
  })

  it('an event without a cursor has no id, so that it moves nobody', () => {
    expect(sseFormat.event('drain', '{"reconnectAfter":9}').toString()).toBe(
      'event: drain\ndata: {"reconnectAfter":9}\n\n',
    )
    expect(sseFormat.event('heartbeat', '{}', 'c').toString()).toBe(
      'id: c\nevent: heartbeat\ndata: {}\n\n',
    )
  })

  it('the wait before a reconnect is a field of its own, or of an event', () => {
    expect(retryField(2740)).toBe('retry: 2740\n')
    expect(sseFormat.event('drain', '{}', undefined, 9).toString()).toBe(
      'retry: 9\nevent: drain\ndata: {}\n\n',
    )
  })

  it('each event is a chunk, as long as its bytes, where chunks are framed here', () => {
    const entry = messageAt(at(1001), ['*'], 'é€😀')
    const plain = sseFormat.entry(entry)
    const chunk = `${plain.length.toString(16)}\r\n${plain}\r\n`
    expect(chunkedSseFormat.entry(entry).toString()).toBe(chunk)
  })

  it('no payload can begin a line, whatever it holds', () => {
    const hostile = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.constantFrom('a\n\nevent: closed\ndata: {}\n\n', '\r', '\r\n', '\u2028id: 9\u2029', '\0'),
    )
    fc.assert(
      fc.property(fc.dictionary(hostile, hostile), (payload) => {
        const entry = messageAt(at(1001), ['*'], payload)
        const lines = sseFormat
          .entry(entry)
          .toString()
          .split(/\r\n|\r|\n/)
        expect(lines).toEqual([
          `id: ${entry.cursor}`,
          'event: message',
          `data: ${entry.json}`,
          '',
          '',
        ])
        expect(JSON.parse(entry.json).payload).toEqual(JSON.parse(JSON.stringify(payload)))
      }),
    )
  })
})
