import type { IncomingMessage } from 'node:http'
import { isIP } from 'node:net'
import { describe, expect, it } from '@jest/globals'
import fc from 'fast-check'
import {
  addressKey,
  areProxies,
  createAddressOf,
  type TrustProxy,
} from '../../../server/security/addresses.js'

/** A request from this peer, whose `X-Forwarded-For` is as given. */
const requestFrom = (peer: string | undefined, forwarded?: string): IncomingMessage =>
  ({
    socket: { remoteAddress: peer },
    headers: {
      ...(forwarded !== undefined && { 'x-forwarded-for': forwarded }),
      'x-real-ip': '6.6.6.6',
      forwarded: 'for=6.6.6.6',
      'x-client-ip': '6.6.6.6',
    },
  }) as unknown as IncomingMessage

const addressOf = (trust: TrustProxy, peer: string | undefined, forwarded?: string) =>
  createAddressOf(trust, () => {})(requestFrom(peer, forwarded))

describe('where a client is', () => {
  it.each<[TrustProxy, string | undefined, string]>([
    [0, undefined, '10.0.0.1'],
    [0, '1.1.1.1', '10.0.0.1'],
    [0, '1.1.1.1, 2.2.2.2', '10.0.0.1'],
    [1, undefined, '10.0.0.1'],
    [1, '1.1.1.1', '1.1.1.1'],
    [1, '6.6.6.6, 1.1.1.1', '1.1.1.1'],
    [1, '6.6.6.6,1.1.1.1', '1.1.1.1'],
    [2, '6.6.6.6, 1.1.1.1, 2.2.2.2', '1.1.1.1'],
    // Fewer proxies than there should be: the farthest that is known.
    [2, '1.1.1.1', '1.1.1.1'],
    [5, '1.1.1.1, 2.2.2.2', '1.1.1.1'],
    [['10.0.0.0/8'], undefined, '10.0.0.1'],
    [['10.0.0.0/8'], '1.1.1.1', '1.1.1.1'],
    [['10.0.0.0/8'], '6.6.6.6, 1.1.1.1, 10.9.9.9', '1.1.1.1'],
    [['10.0.0.1'], '1.1.1.1, 10.0.0.2', '10.0.0.2'],
    [['192.168.0.1', '10.0.0.1'], '1.1.1.1, 192.168.0.1', '1.1.1.1'],
    [['uniquelocal'], '1.1.1.1, 192.168.0.1', '1.1.1.1'],
    [['loopback'], '1.1.1.1', '10.0.0.1'],
    [['10.0.0.1'], '10.0.0.1, 10.0.0.1', '10.0.0.1'],
  ])('is known with the proxies %j, told %j: %s', (trust, forwarded, expected) => {
    expect(addressOf(trust, '10.0.0.1', forwarded)).toBe(expected)
  })

  it.each([
    ['1.1.1.1:8080', '1.1.1.1'],
    ['[2001:db8::1]:8080', '2001:db8::1'],
    ['[2001:db8::1]', '2001:db8::1'],
    ['2001:db8::1', '2001:db8::1'],
    ['2001:DB8::1', '2001:db8::1'],
    ['::ffff:1.1.1.1', '1.1.1.1'],
    ['::FFFF:1.1.1.1', '1.1.1.1'],
    ['[::ffff:1.1.1.1]:80', '1.1.1.1'],
  ])('is the same with what a proxy adds: %s', (forwarded, expected) => {
    expect(addressOf(1, '10.0.0.1', forwarded)).toBe(expected)
  })

  it.each([
    '',
    ' ',
    ',',
    ', ,',
    'unknown',
    '_hidden',
    'localhost',
    '1.1.1',
    '1.1.1.256',
    '1.1.1.1.1',
    '0x7f000001',
    '2130706433',
    '010.0.0.1.',
    '1.1.1.1/8',
    '[2001:db8::1',
    '[1.1.1.1]:x',
    '2001:db8::1]:80',
    '1.1.1.1; DROP TABLE',
    '<script>',
    '__proto__',
    '1.1.1.1\t2.2.2.2',
    '\u0661.1.1.1',
    'x'.repeat(10_000),
    ','.repeat(10_000),
  ])('is the peer where a proxy tells nonsense: %j', (forwarded) => {
    expect(addressOf(1, '10.0.0.1', forwarded)).toBe('10.0.0.1')
  })

  it('is told apart from proxies however their addresses are written', () => {
    const trust = ['10.0.0.0/8']
    expect(addressOf(trust, '::ffff:10.0.0.1', '1.1.1.1, ::ffff:10.0.0.2')).toBe('1.1.1.1')
    expect(addressOf(trust, '::ffff:a00:1', '1.1.1.1')).toBe('1.1.1.1')
    expect(addressOf(trust, '::ffff:9.0.0.1', '1.1.1.1')).toBe('9.0.0.1')
    expect(addressOf(['fd00::/8'], 'fd00::1', '1.1.1.1')).toBe('1.1.1.1')
  })

  it('is nowhere once the socket is gone', () => {
    expect(addressOf(0, undefined)).toBe('')
    expect(addressOf(['10.0.0.1'], undefined, '6.6.6.6')).toBe('')
  })

  it('never throws, and is an address or the peer, whatever is told', () => {
    const parts = fc.oneof(fc.string(), fc.ipV4(), fc.ipV6(), fc.constantFrom('[', ']', ':80', '%'))
    const told = fc.array(parts, { maxLength: 6 }).map((list) => list.join(','))
    fc.assert(
      fc.property(told, fc.nat(4), (forwarded, hops) => {
        for (const trust of [hops, ['10.0.0.0/8', 'uniquelocal']]) {
          const address = addressOf(trust, '10.0.0.1', forwarded)
          expect(isIP(address)).not.toBe(0)
          expect(addressKey(address)).not.toBe('')
        }
      }),
      { numRuns: 500 },
    )
  })
})

describe('what an address is counted as', () => {
  it.each([
    ['1.1.1.1', '1.1.1.1'],
    ['::ffff:1.1.1.1', '1.1.1.1'],
    ['::ffff:101:101', '1.1.1.1'],
    ['0:0:0:0:0:ffff:0101:0101', '1.1.1.1'],
  ])('is the same IPv4 address however it is written: %s', (address, expected) => {
    expect(addressKey(address)).toBe(expected)
  })

  it('is one for all that a household has in IPv6: a /56', () => {
    const keys = [
      '2001:db8:1:2200::1',
      '2001:db8:1:22ff:ffff:ffff:ffff:ffff',
      '2001:0DB8:0001:2201:0:0:0:1',
      '2001:db8:1:2212::1%eth0',
    ].map(addressKey)
    expect(new Set(keys).size).toBe(1)
    expect(addressKey('2001:db8:1:2300::1')).not.toBe(keys[0])
    expect(addressKey('2001:db8:2:2200::1')).not.toBe(keys[0])
  })

  it('tells IPv4 addresses apart, mapped or not', () => {
    const keys = ['1.1.1.1', '1.1.1.2', '::ffff:1.1.1.3', '::ffff:101:104'].map(addressKey)
    expect(new Set(keys).size).toBe(4)
  })

  it.each(['', 'unknown', '1.1.1', '::1%', '%'])('throws for nothing: %j', (address) => {
    expect(typeof addressKey(address)).toBe('string')
  })
})

it.each<[readonly string[], boolean]>([
  [['10.0.0.1'], true],
  [['10.0.0.0/8', 'loopback', 'linklocal', 'uniquelocal', '2001:db8::/32'], true],
  [['10.0.0.0/255.0.0.0'], true],
  [['true'], false],
  [['*'], false],
  [['10.0.0.0/33'], false],
  [['10.0.0.0/0'], false],
  [['::/0'], false],
  [['proxy.example.com'], false],
  [['1'], false],
  [['2130706433'], false],
  [[''], false],
  [['10.0.0.1', ''], false],
])('%j can be proxies: %p', (addresses, expected) => {
  expect(areProxies(addresses)).toBe(expected)
})

describe('a proxy that nobody has told of', () => {
  it.each<[string, TrustProxy, string | undefined, number]>([
    ['is noticed once', 0, '1.1.1.1', 1],
    ['is not suspected without its header', 0, undefined, 0],
    ['is none where one is trusted', 1, '1.1.1.1', 0],
  ])('%s', (_what, trust, forwarded, times) => {
    let noticed = 0
    const find = createAddressOf(trust, () => {
      noticed += 1
    })
    for (let round = 0; round < 3; round += 1) find(requestFrom('10.0.0.1', forwarded))
    expect(noticed).toBe(times)
  })
})
