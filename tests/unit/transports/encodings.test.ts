import { describe, expect, it } from '@jest/globals'
import { encodingFor } from '../../../server/transports/encodings.js'

describe('what a client takes', () => {
  it.each([
    ['gzip, deflate, br', 'br'],
    ['gzip, deflate, br, zstd', 'br'],
    ['gzip, deflate', 'gzip'],
    ['GZIP', 'gzip'],
    ['br;q=0.5, gzip;q=0.8', 'gzip'],
    ['br;q=1.0, gzip;q=0.8, *;q=0.1', 'br'],
    ['br;q=0, gzip', 'gzip'],
    ['gzip ; q=0.3', 'gzip'],
    ['identity;q=0.2, gzip;q=0.5', 'gzip'],
    ['gzip;q=0.5, identity', undefined],
    ['gzip;q=0', undefined],
    ['gzip;q=nonsense', undefined],
    ['br;q=0, gzip;q=0', undefined],
    ['deflate, zstd', undefined],
    ['x-gzip', undefined],
    ['*', undefined],
    ['', undefined],
    [undefined, undefined],
  ])('of "%s" is %s', (header, encoding) => {
    expect(encodingFor(header)).toBe(encoding)
  })
})
