import { describe, expect, it } from '@jest/globals'
import { ConnectionLimits, type Release } from '../../../server/security/ConnectionLimits.js'

const limitsOf = (given: Partial<ConstructorParameters<typeof ConnectionLimits>[0]>) =>
  new ConnectionLimits({ maxConnections: 100, maxPerAddress: 100, maxPerUser: 100, ...given })

const OVER = expect.objectContaining({ code: 'unavailable', retryAfterSeconds: 5 })

describe('the limits on connections', () => {
  it.each([
    ['in all', { maxConnections: 2 }, ['a', 'b', 'c']],
    ['of one address', { maxPerAddress: 2 }, ['a', 'a', 'a']],
  ])('%s refuse the one too many, and take it when a place is free', (_, given, addresses) => {
    const limits = limitsOf(given)
    const releases = addresses.slice(0, 2).map((address) => limits.admitAddress(address))
    expect(() => limits.admitAddress(addresses[2]!)).toThrow(OVER)
    releases[0]!()
    limits.admitAddress(addresses[2]!)
    expect(() => limits.admitAddress(addresses[2]!)).toThrow(OVER)
  })

  it('of one user do not touch another', () => {
    const limits = limitsOf({ maxPerUser: 1 })
    const release = limits.admitUser('ann')
    expect(() => limits.admitUser('ann')).toThrow(OVER)
    limits.admitUser('bob')
    release()
    limits.admitUser('ann')
  })

  it('give back one place for one release, however often it is called', () => {
    const limits = limitsOf({ maxConnections: 2, maxPerUser: 2 })
    const both: Release[] = [limits.admitAddress('a'), limits.admitUser('ann')]
    limits.admitAddress('a')
    limits.admitUser('ann')
    for (const release of [...both, ...both]) release()
    limits.admitAddress('a')
    limits.admitUser('ann')
    expect(() => limits.admitAddress('a')).toThrow(OVER)
    expect(() => limits.admitUser('ann')).toThrow(OVER)
  })

  it('count nobody who was refused', () => {
    const limits = limitsOf({ maxConnections: 2, maxPerAddress: 1 })
    limits.admitAddress('a')
    for (let attempt = 0; attempt < 5; attempt += 1) {
      expect(() => limits.admitAddress('a')).toThrow(OVER)
    }
    limits.admitAddress('b')
  })
})
