// What the client takes for a frame of the contract, and what it refuses.

import { describe, expect, it } from '@jest/globals'
import { checkMessage, readFrame } from '../../../client/connection/frames.js'

const MESSAGE = { id: 'i', type: 't', timestamp: 1, cursor: 'c' }
const GOOD = {
  connected: { cursor: 'c', denied: [], heartbeat: 15_000 },
  message: { message: MESSAGE },
  heartbeat: { cursor: 'c' },
}

describe.each(Object.entries(GOOD))('%s', (op, fields) => {
  it('is taken as it is, with fields that are not known', () => {
    const frame = { op, ...fields, news: 1 }
    expect(readFrame(frame)).toBe(frame)
  })

  it.each(Object.keys(fields))('is refused without its %s, or with another kind of it', (name) => {
    for (const wrong of [undefined, null, true]) {
      expect(() => readFrame({ op, ...fields, [name]: wrong })).toThrow(SyntaxError)
    }
  })
})

it.each(Object.keys(MESSAGE))('refuses a message without its %s', (name) => {
  expect(() => checkMessage({ ...MESSAGE, [name]: undefined })).toThrow(name)
})

it('leaves ops that are not known to others', () => {
  expect(readFrame({ op: 'constructor' })).toEqual({ op: 'constructor' })
  expect(readFrame({ op: 'next year' })).toEqual({ op: 'next year' })
})

it.each([[null], ['text'], [7], [[]]])('refuses %j where a message should be', (value) => {
  expect(() => checkMessage(value)).toThrow(SyntaxError)
})
