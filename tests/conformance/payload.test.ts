import { describe, expect, it } from '@jest/globals'
import { findMessage, type Person, person, publishedBy, readAddressed } from '../support/person.js'
import { SocketClient } from '../support/SocketClient.js'
import { StreamClient } from '../support/StreamClient.js'
import { target, unique } from './target.js'

const server = target()
const someone = () => person(server.url, unique('u'))

const MAX_BYTES = 65_536

/** A message with a payload that is already JSON, since not all JSON can be made by `stringify`. */
const draft = (payload: string, userId?: string) =>
  `{"type":"test"${userId === undefined ? '' : `,"userId":"${userId}"`},"payload":${payload}}`

const sendFrame = (message: string) => `{"op":"send","ref":"r","message":${message}}`

const nested = (depth: number, inside = '') => '['.repeat(depth) + inside + ']'.repeat(depth)

const nestedObjects = (depth: number) => `${'{"a":'.repeat(depth)}1${'}'.repeat(depth)}`

/** What becomes of a payload on each transport. */
async function carried({ api, token }: Person, payload: string) {
  const socket = await SocketClient.connect(server.url, { token })
  const stream = await StreamClient.open(server.url, { token })
  await stream.next('connected')
  const { status, body } = await api.send(draft(payload))
  expect(status).toBe(201)
  const messages = [
    (await socket.next('message')).message,
    (await stream.next('message')).data,
    await findMessage(api, body.messageId),
  ]
  await socket.close()
  stream.close()
  return messages
}

const FAITHFUL: [string, string][] = [
  ['null', 'null'],
  ['true', 'true'],
  ['false', 'false'],
  ['zero', '0'],
  ['a fraction', '-1.5e-7'],
  ['the largest exact integer', '9007199254740991'],
  ['the largest number', '1.7976931348623157e308'],
  ['the smallest number', '5e-324'],
  ['an empty string', '""'],
  ['a surrogate pair, escaped', '"\\ud83d\\ude00"'],
  ['a character outside the BMP', '"😀"'],
  ['line separators', '"\\u2028\\u2029"'],
  ['line breaks', '"a\\r\\nb\\n\\ndata: x\\n\\n"'],
  ['a NUL', '"\\u0000"'],
  ['an empty list', '[]'],
  ['an empty object', '{}'],
  ['an empty key', '{"":1}'],
  ['built-in names as keys', '{"constructor":1,"toString":null,"hasOwnProperty":[]}'],
  ['a toJSON key', '{"toJSON":"x"}'],
  ['lists in objects in lists', '[{"a":[{"b":[null,false,0,""]}]}]'],
]

describe('a payload', () => {
  it.each(FAITHFUL)('arrives as it was sent on every transport: %s', async (_what, payload) => {
    for (const message of await carried(someone(), payload)) {
      expect(message.payload).toEqual(JSON.parse(payload))
    }
  })

  it('that is absent stays absent', async () => {
    const { api } = someone()
    const { body } = await api.send({ type: 'test' })
    expect(await findMessage(api, body.messageId)).not.toHaveProperty('payload')
  })

  it.each([
    ['at the top', '{"__proto__":{"isAdmin":true},"a":1}', [], { isAdmin: true }],
    ['deeper', '{"deep":[{"__proto__":null}]}', ['deep', 0], null],
  ])('keeps a key named __proto__ %s as plain data', async (_what, payload, path, value) => {
    for (const message of await carried(someone(), payload)) {
      const holder = path.reduce((inner, key) => inner[key], message.payload)
      expect(Object.getOwnPropertyDescriptor(holder, '__proto__')?.value).toEqual(value)
      expect(Object.hasOwn(holder, '__proto__')).toBe(true)
    }
  })

  it('is read as JavaScript reads JSON: large integers are rounded', async () => {
    const { api } = someone()
    const { body } = await api.send(draft('[9007199254740993,1e-400]'))
    const { payload } = await findMessage(api, body.messageId)
    expect(payload).toEqual([9_007_199_254_740_992, 0])
  })
})

const UNCARRIABLE: [string, string][] = [
  ['a number that becomes infinite', '1e400'],
  ['a number that becomes minus infinite', '-1e400'],
  ['an infinite number in a list', '[1,[1e400]]'],
  ['an infinite number in an object', '{"a":{"b":1e999}}'],
  ['a high surrogate alone', '"\\ud800"'],
  ['a low surrogate alone', '"a\\udc00"'],
  ['a surrogate pair in the wrong order', '"\\ude00\\ud83d"'],
  ['a lone surrogate in a list', '["ok",["\\udfff"]]'],
  ['a lone surrogate in a key', '{"a":{"\\ud800":1}}'],
  ['lists 33 deep', nested(33)],
  ['lists 33 deep with a value inside', nested(33, '1')],
  ['objects 33 deep', nestedObjects(33)],
  ['lists 33 deep below an object', `{"a":${nested(32)}}`],
  ['lists 5,000 deep', nested(5000)],
]

describe('a payload that can’t be carried', () => {
  it.each(UNCARRIABLE)('is refused over HTTP and never delivered: %s', async (_what, payload) => {
    const reader = someone()
    const published = await publishedBy(reader, async () => {
      for (const body of [
        draft(payload, reader.userId),
        `{"messages":[{"type":"test"},${draft(payload, reader.userId)}]}`,
      ]) {
        const answer = await reader.api.send(body)
        expect(answer.status).toBe(400)
        expect(answer.body.error.code).toMatch(/^invalid_(message|request)$/)
      }
    })
    expect(published).toEqual([])
  })

  it.each(UNCARRIABLE)('is refused in a frame and never delivered: %s', async (_what, payload) => {
    const reader = someone()
    const socket = await SocketClient.connect(server.url, { token: reader.token })
    const published = await publishedBy(reader, async () => {
      socket.send(sendFrame(draft(payload, reader.userId)))
      const answer = await socket.next('error')
      expect(answer).toMatchObject({ ref: 'r', code: 'invalid_message' })
    })
    expect(published).toEqual([])
    expect(await socket.ask({ op: 'ping' })).toMatchObject({ op: 'ok' })
    await socket.close()
  })

  it.each([
    ['a byte that UTF-8 never has', [0xff]],
    ['a continuation byte alone', [0x80]],
    ['a sequence that ends too soon', [0xe2, 0x82]],
    ['an overlong form', [0xc0, 0xaf]],
    ['a surrogate in bytes', [0xed, 0xa0, 0x80]],
    ['a code point beyond the last', [0xf5, 0x80, 0x80, 0x80]],
  ])('is refused as invalid UTF-8: %s', async (_what, bytes) => {
    const reader = someone()
    const [before = '', after = ''] = draft('"|"', reader.userId).split('|')
    const body = Buffer.concat([Buffer.from(before), Buffer.from(bytes), Buffer.from(after)])
    const published = await publishedBy(reader, async () => {
      const answer = await reader.api.send(body)
      expect(answer.status).toBe(400)
      expect(answer.body.error.code).toMatch(/^invalid_(message|request)$/)
    })
    expect(published).toEqual([])
  })
})

describe('nesting', () => {
  it.each([
    ['lists', nested(32)],
    ['lists with a value inside', nested(32, '1')],
    ['objects', nestedObjects(32)],
  ])('may be 32 deep over HTTP and in a frame: %s', async (_what, payload) => {
    const { api, token } = someone()
    const single = await api.send(draft(payload))
    expect(single.status).toBe(201)
    const batch = await api.send(`{"messages":[${draft(payload)}]}`)
    expect(batch.status).toBe(201)
    const socket = await SocketClient.connect(server.url, { token })
    socket.send(sendFrame(draft(payload)))
    const { messageId } = await socket.next('ok')
    await socket.close()
    for (const id of [single.body.messageId, batch.body.results[0].messageId, messageId]) {
      expect((await findMessage(api, id)).payload).toEqual(JSON.parse(payload))
    }
  })
})

describe('a body', () => {
  const bodyOf = (bytes: number, filler = 'x') => {
    const room = bytes - Buffer.byteLength(draft('""'))
    return draft(`"${filler.repeat(room / Buffer.byteLength(filler))}"`)
  }

  it('may have 64 KiB', async () => {
    const { api } = someone()
    const { status, body } = await api.send(bodyOf(MAX_BYTES))
    expect(status).toBe(201)
    const { payload } = await findMessage(api, body.messageId)
    expect(payload).toHaveLength(MAX_BYTES - draft('""').length)
  })

  it.each([
    ['a byte more', () => bodyOf(MAX_BYTES + 1)],
    ['fewer characters but more bytes', () => bodyOf(MAX_BYTES + 2, 'ü')],
    ['far more', () => bodyOf(1_000_000)],
    ['more of nothing but spaces', () => `${draft('1')}${' '.repeat(MAX_BYTES)}`],
  ])('is too_large with %s, and never delivered', async (_what, make) => {
    const { api } = someone()
    const { status, body } = await api.send(make())
    expect(status).toBe(413)
    expect(body.error.code).toBe('too_large')
    expect(await readAddressed(api)).toEqual([])
  })

  it('is too_large as a batch of small messages', async () => {
    const { api } = someone()
    const messages = Array.from({ length: 100 }, () => ({ type: 't', payload: 'x'.repeat(700) }))
    expect((await api.send({ messages })).status).toBe(413)
    expect(await readAddressed(api)).toEqual([])
  })
})

describe('a frame', () => {
  const frameOf = (bytes: number) => {
    const empty = sendFrame(draft('""')).length
    return sendFrame(draft(`"${'x'.repeat(bytes - empty)}"`))
  }

  it('may have 64 KiB', async () => {
    const { api, token } = someone()
    const socket = await SocketClient.connect(server.url, { token })
    expect(socket.connected.maxPayload).toBe(MAX_BYTES)
    socket.send(frameOf(MAX_BYTES))
    const { messageId } = await socket.next('ok')
    expect(await findMessage(api, messageId)).toBeDefined()
    await socket.close()
  })

  it('is too_large with a byte more, is never delivered, and the connection stays', async () => {
    const { api, token } = someone()
    const socket = await SocketClient.connect(server.url, { token })
    socket.send(frameOf(MAX_BYTES + 1))
    expect(await socket.next('error')).toMatchObject({ code: 'too_large' })
    expect(await socket.ask({ op: 'ping' })).toMatchObject({ op: 'ok' })
    expect(await readAddressed(api)).toEqual([])
    await socket.close()
  })
})
