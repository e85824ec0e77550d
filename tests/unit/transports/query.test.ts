import type { IncomingMessage } from 'node:http'
import { describe, expect, it } from '@jest/globals'
import { numberWithin, parseSinceOr, queryOf, topicList } from '../../../server/transports/query.js'

const query = (text: string) => queryOf({ url: `/poll${text}` } as IncomingMessage)
const fails = (code: string, message?: RegExp) =>
  expect.objectContaining({
    code,
    ...(message && { message: expect.stringMatching(message) }),
  })

function errorOf(act: () => unknown): unknown {
  try {
    act()
  } catch (error) {
    return error
  }
  throw new Error('nothing was thrown')
}

describe('the query of a request', () => {
  it('is what follows the first question mark', () => {
    expect(query('?since=1&topics=a%2Cb').get('topics')).toBe('a,b')
    expect(query('?a=1?b=2').get('a')).toBe('1?b=2')
    expect([...query('')]).toEqual([])
    expect([...queryOf({} as IncomingMessage)]).toEqual([])
  })

  it('is refused as a whole where a parameter is given twice, whichever it is', () => {
    for (const text of ['?since=1&since=1', '?ticket=a&x=1&ticket=b', '?a&%61']) {
      expect(errorOf(() => query(text))).toEqual(
        fails('invalid_request', /^(since|ticket|a): must be given once$/),
      )
    }
    const long = 'x'.repeat(1000)
    expect(String(errorOf(() => query(`?${long}&${long}`))).length).toBeLessThan(200)
  })

  it('gives topics as a list, and an empty one for what it is', () => {
    expect(topicList(query('?topics=a,b'))).toEqual(['a', 'b'])
    expect(topicList(query('?topics='))).toEqual([''])
    expect(topicList(query(''))).toBeUndefined()
  })
})

describe('a number in a query', () => {
  const wait = { min: 0, max: 25, byDefault: 3, isWhole: false }
  const limit = { min: 1, max: 1000, byDefault: 100, isWhole: true }

  it.each([
    ['?wait=0', wait, 0],
    ['?wait=25', wait, 25],
    ['?wait=0.5', wait, 0.5],
    ['?wait=007', wait, 7],
    ['', wait, 3],
    ['?wait=1', limit, 1],
    ['?wait=1000', limit, 1000],
    ['', limit, 100],
  ])('%s within %j is %d', (text, bounds, expected) => {
    expect(numberWithin(query(text), 'wait', bounds)).toBe(expected)
  })

  it.each([
    ['?wait=25.1', wait],
    ['?wait=-1', wait],
    ['?wait=1e1', wait],
    ['?wait=0x5', wait],
    ['?wait=Infinity', wait],
    ['?wait=NaN', wait],
    ['?wait=', wait],
    ['?wait=%201', wait],
    ['?wait=.5', wait],
    ['?wait=5.', wait],
    ['?wait=0', limit],
    ['?wait=1001', limit],
    ['?wait=1.5', limit],
    ['?wait=9999999999999999999', limit],
  ])('%s within %j is refused', (text, bounds) => {
    expect(errorOf(() => numberWithin(query(text), 'wait', bounds))).toEqual(
      fails('invalid_request', /^wait: must be/),
    )
  })
})

describe('since', () => {
  it('is what was asked for, or the default of the route', () => {
    expect(parseSinceOr({ kind: 'oldest' }, undefined)).toEqual({ kind: 'oldest' })
    expect(parseSinceOr({ kind: 'oldest' }, 'now')).toEqual({ kind: 'now' })
    expect(parseSinceOr({ kind: 'now' }, '0')).toEqual({ kind: 'oldest' })
  })

  it.each(['', 'yesterday', '-1', null, 1.5, {}, ['now'], false])(
    '%j is refused, never read as absent',
    (value) => {
      expect(errorOf(() => parseSinceOr({ kind: 'now' }, value))).toEqual(fails('invalid_cursor'))
    },
  )
})
