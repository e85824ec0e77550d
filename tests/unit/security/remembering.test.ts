import { describe, expect, it } from '@jest/globals'
import { remembering } from '../../../server/security/remembering.js'

/** What was computed so far, in order. */
function watched(max: number) {
  const computed: string[] = []
  const find = remembering(max, (text) => {
    computed.push(text)
    if (text === 'bad') throw new Error('bad')
    return text === 'none' ? undefined : text.length
  })
  return { find, computed }
}

describe('what is remembered', () => {
  it('is computed once, also where it is nothing', () => {
    const { find, computed } = watched(10)
    expect([find('abc'), find('abc'), find('none'), find('none')]).toEqual([
      3,
      3,
      undefined,
      undefined,
    ])
    expect(computed).toEqual(['abc', 'none'])
  })

  it('has a bound, at which the first makes way', () => {
    const { find, computed } = watched(2)
    for (const text of ['a', 'b', 'c', 'b', 'c', 'a']) find(text)
    expect(computed).toEqual(['a', 'b', 'c', 'a'])
  })

  it('is no text that is long', () => {
    const { find, computed } = watched(10)
    const long = 'x'.repeat(257)
    expect([find(long), find(long)]).toEqual([257, 257])
    expect(computed).toEqual([long, long])
  })

  it('is no fault', () => {
    const { find, computed } = watched(10)
    expect(() => find('bad')).toThrow('bad')
    expect(() => find('bad')).toThrow('bad')
    expect(computed).toEqual(['bad', 'bad'])
  })
})
