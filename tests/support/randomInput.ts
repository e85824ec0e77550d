// Input at random, for every door: some of it nearly right, some of it no more than bytes.

import fc from 'fast-check'
import { UPGRADE_HEADERS } from './httpRequest.js'
import { clientFrame, jsonFrame } from './RawSocket.js'

const names = fc.constantFrom(
  'type',
  'payload',
  'userId',
  'roles',
  'topics',
  'messages',
  'userIds',
  'jti',
)
const oddNames = fc.constantFrom('everyone', 'idempotencyKey', '__proto__', 'toJSON', 'constructor')
const plausible = fc.constantFrom<unknown>('a', 'a.b', 'admin', '*', '', null, [], ['a'], true, 1)
const field = fc.oneof(plausible, fc.jsonValue(), fc.string({ unit: 'binary' }))
const draft = fc
  .dictionary(fc.oneof(names, oddNames, fc.string()), field)
  .chain((fields) =>
    fc.oneof(fc.constant(fields), fc.constant({ type: 'a', ...fields }), fc.constant([fields])),
  )
export const body = fc.oneof(
  fc.uint8Array({ maxLength: 200 }),
  fc.string({ unit: 'binary', maxLength: 200 }),
  fc.json(),
  draft.map((fields) => JSON.stringify(fields)),
  fc.array(draft, { maxLength: 5 }).map((messages) => JSON.stringify({ messages })),
  // A text with a wound: cut short, or with a byte changed.
  fc.tuple(fc.json(), fc.nat(), fc.nat(255)).map(([json, at, byte]) => {
    const bytes = Buffer.from(json)
    bytes[at % bytes.length] = byte
    return bytes
  }),
)
// All that Node sends: no control characters.
const headerCharacter = (code: number) => String.fromCharCode(code === 127 ? 126 : code)
export const header = fc.string({
  unit: fc.integer({ min: 33, max: 255 }).map(headerCharacter),
})
export const contentType = fc.oneof(
  { weight: 8, arbitrary: fc.constant('application/json') },
  { weight: 1, arbitrary: header },
)
export const encoding = fc.oneof(
  { weight: 8, arbitrary: fc.constant(undefined) },
  { weight: 1, arbitrary: fc.constantFrom('gzip', 'deflate', 'br', 'identity', 'x') },
)

const command = fc.record(
  {
    op: fc.constantFrom<unknown>(
      'connect',
      'subscribe',
      'unsubscribe',
      'send',
      'refresh',
      'ping',
      'x',
      1,
    ),
    ref: field,
    topics: fc.oneof(field, fc.array(fc.string({ maxLength: 5 }))),
    since: field,
    token: field,
    ticket: field,
    message: fc.oneof(field, draft),
  },
  { requiredKeys: ['op'] },
)
export const frame = fc.oneof(
  command.map((fields) => jsonFrame(fields)),
  body.map((bytes) => clientFrame(1, bytes)),
  fc.uint8Array({ minLength: 1, maxLength: 60 }).map((bytes) => Buffer.from(bytes)),
  fc
    .tuple(fc.nat(15), fc.uint8Array({ maxLength: 140 }), fc.boolean(), fc.nat(7))
    .map(([opcode, bytes, isFinal, reserved]) => clientFrame(opcode, bytes, { isFinal, reserved })),
)

const line = fc.oneof(
  fc.tuple(fc.constantFrom(...Object.keys(UPGRADE_HEADERS)), fc.string({ unit: 'binary' })),
  fc.tuple(fc.constantFrom(...Object.keys(UPGRADE_HEADERS)), header),
  fc.tuple(fc.string({ minLength: 1, maxLength: 20 }), header),
)

const upgrade = fc
  .tuple(fc.constantFrom('GET', 'POST', 'get', 'PRI'), fc.array(line, { maxLength: 3 }))
  .map(([method, lines]) => {
    const all = [...Object.entries(UPGRADE_HEADERS), ...lines]
    const headers = all.map(([name, value]) => `${name}: ${value}`)
    return Buffer.from(
      [`${method} /ws HTTP/1.1`, 'Host: localhost', ...headers, '', ''].join('\r\n'),
    )
  })
const overwritten = fc.tuple(upgrade, fc.nat(), fc.nat(255)).map(([bytes, at, byte]) => {
  const changed = Buffer.from(bytes)
  changed[at % changed.length] = byte
  return changed
})
const noise = fc.uint8Array({ minLength: 1, maxLength: 300 }).map((bytes) => Buffer.from(bytes))
/** A handshake, one with a wound, or no HTTP at all. */
export const handshake = fc.oneof(upgrade, overwritten, noise)
