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

describe('those who have not said who they are', () => {
  /** Takes such a place, and says in `gone` when it had to make way. */
  const places = (limits: ConnectionLimits) => {
    const gone: string[] = []
    const take = (name: string, address = name) =>
      limits.admitUnproven(address, () => gone.push(name))
    return { gone, take }
  }

  it('make way for any other, the one who is silent for longest first', () => {
    const limits = limitsOf({ maxConnections: 4, maxPerAddress: 4 })
    const { gone, take } = places(limits)
    take('first')
    take('second')
    for (const address of ['a', 'b', 'c']) limits.admitAddress(address)
    expect(gone).toEqual(['first'])
    limits.admitAddress('d')
    expect(gone).toEqual(['first', 'second'])
    expect(() => limits.admitAddress('e')).toThrow(OVER)
  })

  it('make way at an address that has no room, and nowhere else', () => {
    const limits = limitsOf({ maxPerAddress: 2 })
    const { gone, take } = places(limits)
    take('elsewhere')
    take('here', 'a')
    limits.admitAddress('a')
    limits.admitAddress('a')
    expect(gone).toEqual(['here'])
    expect(() => limits.admitAddress('a')).toThrow(OVER)
    expect(gone).toEqual(['here'])
  })

  it.each([
    ['all places', { maxConnections: 4 }, ['a', 'b', 'c']],
    ['those of an address', { maxPerAddress: 4 }, ['a', 'a', 'a']],
  ])('have no more than half of %s', (_, given, addresses) => {
    const { gone, take } = places(limitsOf(given))
    addresses.forEach((address, index) => {
      take(String(index), address)
    })
    expect(gone).toEqual(['0'])
  })

  it('make way no more once they have said it, and give their place back once', () => {
    const limits = limitsOf({ maxConnections: 2 })
    const { gone, take } = places(limits)
    const place = take('proven')
    place.prove()
    take('silent')
    limits.admitAddress('a')
    expect(gone).toEqual(['silent'])
    expect(() => limits.admitAddress('b')).toThrow(OVER)
    place.release()
    place.release()
    limits.admitAddress('b')
    expect(() => limits.admitAddress('c')).toThrow(OVER)
  })
})
