// Event streams as the HTML standard reads them, in pieces of any size.

import { expect, it } from '@jest/globals'
import fc from 'fast-check'
import { createSseParser } from '../../../client/connection/sseParser.js'

type Event = [name: string, data: string]

function parse(chunks: readonly string[]): Event[] {
  const events: Event[] = []
  const read = createSseParser((name, data) => events.push([name, data]))
  for (const chunk of chunks) read(chunk)
  return events
}

/** As a stream is read: bytes in pieces, which may end in the middle of a character. */
function parseBytes(text: string, cuts: readonly number[]): Event[] {
  const bytes = new TextEncoder().encode(text)
  const decoder = new TextDecoder()
  const ends = [...cuts.map((cut) => cut % (bytes.length + 1)), bytes.length].sort((a, b) => a - b)
  const pieces = ends.map((end, at) => bytes.subarray(ends[at - 1] ?? 0, end))
  return parse(pieces.map((piece) => decoder.decode(piece, { stream: true })))
}

const text = fc
  .string({ unit: 'grapheme', maxLength: 8 })
  .map((each) => each.replace(/[\r\n]/g, ''))
const event = fc.record({
  name: fc.constantFrom('', 'message', 'resync'),
  data: fc.array(text, { minLength: 1, maxLength: 3 }),
  comment: fc.boolean(),
})
const cuts = fc.array(fc.nat(500), { maxLength: 12 })
const ending = fc.constantFrom('\n', '\r\n', '\r')

it('finds the same events however the bytes are sliced and the lines are ended', () => {
  fc.assert(
    fc.property(fc.array(event, { maxLength: 5 }), ending, cuts, (events, end, cuts) => {
      const lines = events.flatMap(({ name, data, comment }) => [
        ...(comment ? [': a comment', ':'] : []),
        ...(name ? [`event: ${name}`] : []),
        ...data.map((line) => `data: ${line}`),
        'id: 1-0.epoch0',
        '',
      ])
      // The last CR might be half of a CR LF: what follows it is waited for.
      const stream = `${lines.map((line) => line + end).join('')}:`
      const expected = events.map(({ name, data }) => [name || 'message', data.join('\n')])
      expect(parseBytes(stream, cuts)).toEqual(expected)
    }),
  )
})

it('takes one blank after the colon away, and no more', () => {
  expect(parse(['data:a\n', 'data:  b\n', 'data\n\n'])).toEqual([['message', 'a\n b\n']])
})

it('tells nothing of what has no data, nor of an event that is not over', () => {
  expect(parse(['event: a\n\n', ': comment\n\n', 'data: b\n'])).toEqual([])
})

it('forgets the name of an event that had no data', () => {
  expect(parse(['event: a\n\ndata: b\n\n'])).toEqual([['message', 'b']])
})

it('reads a CR LF that comes in two pieces as the end of one line', () => {
  expect(parse(['data: a\r', '\ndata: b\r', '\n\r', '\n:'])).toEqual([['message', 'a\nb']])
})
