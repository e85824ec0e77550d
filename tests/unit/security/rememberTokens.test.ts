import { beforeEach, describe, expect, it } from '@jest/globals'
import type { Authenticate } from '../../../server/security/authenticate.js'
import { rememberTokens } from '../../../server/security/rememberTokens.js'

let now: number
let keysSince: number
let checked: (string | undefined)[]
let authenticate: Authenticate

const by = (token?: string) => authenticate({ token, headers: {}, remoteAddress: undefined })

beforeEach(() => {
  now = 0
  keysSince = 0
  checked = []
  const check: Authenticate = async ({ token }) => {
    checked.push(token)
    if (token === 'bad') throw new Error('bad')
    return token === undefined || token === 'none' ? null : { userId: `of ${token}` }
  }
  authenticate = rememberTokens(check, { monotonicNow: () => now, keysSince: () => keysSince })
})

describe('a token that was good', () => {
  it('is checked once, and stands for the same one', async () => {
    for (const token of ['a', 'b', 'a', 'b']) {
      expect(await by(token)).toEqual({ userId: `of ${token}` })
    }
    expect(checked).toEqual(['a', 'b'])
  })

  it('is checked anew a minute later, however often it was shown', async () => {
    await by('a')
    now = 59_999
    await by('a')
    now = 60_000
    await by('a')
    expect(checked).toEqual(['a', 'a'])
  })

  it('is checked anew where the keys are others since, also while it was checked', async () => {
    await by('a')
    now = 10
    keysSince = 5
    const checking = by('a')
    keysSince = 11
    now = 12
    await checking
    await by('a')
    await by('a')
    expect(checked).toEqual(['a', 'a', 'a'])
  })

  it('makes way for others where they are very many', async () => {
    for (let n = 0; n <= 5000; n += 1) await by(`token ${n}`)
    await by('token 1')
    expect(checked).toHaveLength(5001)
    await by('token 0')
    expect(checked.at(-1)).toBe('token 0')
  })

  it('is checked each time where it is very long', async () => {
    const long = 'x'.repeat(2049)
    await by(long)
    await by(long)
    expect(checked).toEqual([long, long])
  })
})

it('nothing else is remembered: what was refused, or failed, or had no token', async () => {
  for (const token of ['none', undefined, 'none', undefined]) expect(await by(token)).toBeNull()
  await expect(by('bad')).rejects.toThrow('bad')
  await expect(by('bad')).rejects.toThrow('bad')
  expect(checked).toHaveLength(6)
})
