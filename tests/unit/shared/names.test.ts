import { describe, expect, it } from '@jest/globals'
import fc from 'fast-check'
import { isName, isTopic, MAX_TOPICS, topicsFault, typeFault } from '../../../shared/names.js'

describe('a type', () => {
  it.each(['a', 'data.updated', 'A1', 'a-b_c:d.e', 'x'.repeat(128), 'sync', 'synced.now'])(
    'may be %j',
    (text) => {
      expect(typeFault(text)).toBeUndefined()
    },
  )

  it.each([
    ['', 'must start with a letter'],
    ['1a', 'must start with a letter'],
    ['.a', 'must start with a letter'],
    ['é', 'must start with a letter'],
    ['x'.repeat(129), 'must be at most 128 characters'],
    ['a..b', expect.stringContaining('joined by')],
    ['a.', expect.stringContaining('joined by')],
    ['a b', expect.stringContaining('joined by')],
    ['a\n', expect.stringContaining('joined by')],
    ['a.é', expect.stringContaining('joined by')],
    ['sync.drain', expect.stringContaining("the server's own")],
  ])('%j is refused with a reason', (text, reason) => {
    expect(typeFault(text)).toEqual(reason)
  })

  it('is judged in a moment, however it is built', () => {
    const hostile = `${'a.a'.repeat(30_000)}!`
    expect(typeFault(hostile)).toBeDefined()
  })
})

describe('a topic', () => {
  it.each(['a', '1', 'batch:123', 'A.b_c-d', 'x'.repeat(200)])('may be %j', (text) => {
    expect(isTopic(text)).toBe(true)
  })

  it.each(['', '*', 'a*', ':a', '.a', 'a,b', 'a b', 'ä', 'a\n', 'x'.repeat(201)])(
    'may not be %j',
    (text) => {
      expect(isTopic(text)).toBe(false)
    },
  )
})

describe('a name', () => {
  it.each(['a', '*', 'admin', 'ann@example.com', 'Jürgen Müller', '用户', '😀'.repeat(128)])(
    'may be %j',
    (text) => {
      expect(isName(text)).toBe(true)
    },
  )

  it.each(['', 'a\u0000', 'a\nb', '\u007f', '\u0085', '\ud800', 'x'.repeat(129), '😀'.repeat(129)])(
    'may not be %j',
    (text) => {
      expect(isName(text)).toBe(false)
    },
  )

  it('never holds a control character or a lone surrogate', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', minLength: 1, maxLength: 20 }), (text) => {
        const isOk = text.isWellFormed() && !/\p{Cc}/u.test(text)
        expect(isName(text)).toBe(isOk)
      }),
    )
  })
})

describe('the topics of one request', () => {
  const many = (count: number, length = 5) =>
    Array.from({ length: count }, (_, index) => String(index).padStart(length, 'a'))

  it('may be as many as the bound says', () => {
    expect(topicsFault(many(MAX_TOPICS))).toBeUndefined()
    expect(topicsFault(many(MAX_TOPICS + 1))).toBe('must be at most 50')
    expect(topicsFault(many(3), 3)).toBeUndefined()
    expect(topicsFault(many(4), 3)).toBe('must be at most 3')
  })

  it('may take 4,096 bytes when joined by commas', () => {
    const most = [...many(20, 200), 'z'.repeat(76)]
    expect(most.join(',')).toHaveLength(4096)
    expect(topicsFault(most)).toBeUndefined()
    expect(topicsFault([...many(20, 200), 'z'.repeat(77)])).toMatch(/4096 bytes/)
  })

  it('are refused together where one is not a topic', () => {
    expect(topicsFault(['a', '*'])).toMatch(/1–200 letters/)
    expect(topicsFault([])).toBeUndefined()
  })
})
