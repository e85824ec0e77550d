import { describe, expect, it } from '@jest/globals'
import { IdempotencyKeys } from '../../../server/brokers/IdempotencyKeys.js'

const TTL_MS = 1000

function create(maxKeys = 1000) {
  let now = 0
  const keys = new IdempotencyKeys({ ttlMs: TTL_MS, maxKeys, now: () => now })
  let counter = 0
  return {
    keys,
    use(key: string, ids: readonly string[] = ['id']) {
      counter += 1
      const position = { ms: 1, counter }
      keys.remember({ key, fingerprint: 'f' }, { ids, position, cursor: '', isDuplicate: false })
    },
    isKnown: (key: string) => keys.find({ key, fingerprint: 'f' }) !== undefined,
    passTime(ms: number) {
      now += ms
    },
  }
}

describe('idempotency keys', () => {
  it('are known until their time is over, swept or not', () => {
    const { keys, use, isKnown, passTime } = create()
    use('a')
    passTime(TTL_MS - 1)
    keys.sweep()
    expect(isKnown('a')).toBe(true)
    passTime(1)
    expect(isKnown('a')).toBe(false)
  })

  it('are let go of when their time is over, also where nobody publishes any more', () => {
    const { keys, use, passTime } = create()
    for (let n = 0; n < 100; n += 1) use(`old ${n}`, ['id', 'id'])
    passTime(TTL_MS / 2)
    use('young')
    passTime(TTL_MS / 2)
    keys.sweep()
    expect(keys.size).toBe(1)
  })

  it('that are used again after their time are as young as others', () => {
    const { keys, use, isKnown, passTime } = create()
    use('again')
    use('once')
    passTime(TTL_MS)
    use('again')
    passTime(TTL_MS - 1)
    keys.sweep()
    expect([isKnown('again'), isKnown('once'), keys.size]).toEqual([true, false, 1])
    expect([...keys.kept()]).toMatchObject([{ key: 'again', remainingMs: 1 }])
  })

  it('whose time is over make room at the bound, and no others', () => {
    const { keys, use, passTime, isKnown } = create(3)
    use('a', ['id', 'id'])
    passTime(TTL_MS / 2)
    use('b')
    expect(() => keys.reserve(1)).toThrow('too many idempotency keys')
    passTime(TTL_MS / 2)
    keys.reserve(2)
    expect(() => keys.reserve(3)).toThrow('too many idempotency keys')
    expect(isKnown('b')).toBe(true)
  })
})
