import { expect, it } from '@jest/globals'
import { AnswerCounter } from '../../../bench/generator/AnswerCounter.js'

const answer = (body: string, status = '200 OK') =>
  `HTTP/1.1 ${status}\r\nContent-Type: text/plain\r\nContent-Length: ${body.length}\r\n\r\n${body}`

const TWO = Buffer.from(answer('hello') + answer('a longer one\r\n\r\n'))

it.each([1, 2, 7, 40, 1000])('counts answers that come in pieces of %i bytes', (size) => {
  const counter = new AnswerCounter()
  let answers = 0
  for (let at = 0; at < TWO.length; at += size) answers += counter.read(TWO.subarray(at, at + size))
  expect(answers).toBe(2)
})

it('counts an answer when its last byte has come, and not before', () => {
  const counter = new AnswerCounter()
  expect(counter.read(TWO.subarray(0, -1))).toBe(1)
  expect(counter.read(TWO.subarray(-1))).toBe(1)
})

it('counts answers without a body', () => {
  expect(new AnswerCounter().read(Buffer.from(answer('') + answer('')))).toBe(2)
})

it.each([
  ['is no success', answer('no', '429 Too Many Requests')],
  ['has no length', 'HTTP/1.1 200 OK\r\n\r\n'],
])('refuses an answer that %s', (_what, text) => {
  expect(() => new AnswerCounter().read(Buffer.from(text))).toThrow('not the answer')
})
