import { expect, it } from '@jest/globals'
import { createFindService } from '../../../server/security/serviceTokens.js'

const secretOf = (name: string) => `${name}-secret-of-thirty-two-bytes-or-more`
const find = createFindService(
  ['billing', 'orders', 'admin'].map((name) => ({ name, secret: secretOf(name) })),
)

it.each(['billing', 'orders', 'admin'])(
  'a secret is its service, which publishes and is nothing else: %s',
  (userId) => {
    expect(find(secretOf(userId))).toEqual({
      userId,
      roles: [],
      topics: { subscribe: [], publish: [] },
      isAdmin: false,
      isService: true,
      issuedAt: Number.POSITIVE_INFINITY,
    })
  },
)

it.each([
  '',
  ' ',
  'billing',
  `billing:${secretOf('billing')}`,
  secretOf('billing').slice(0, -1),
  `${secretOf('billing')}x`,
  ` ${secretOf('billing')}`,
  `${secretOf('billing')}\u0000`,
  secretOf('billing').toUpperCase(),
  `${secretOf('billing')},${secretOf('orders')}`,
  '__proto__',
  'x'.repeat(60_000),
])('%j is nobody', (token) => {
  expect(find(token)).toBeUndefined()
})

it('knows nobody where no service is configured', () => {
  const none = createFindService([])
  expect([none(''), none('undefined'), none(secretOf('billing'))]).toEqual(Array(3).fill(undefined))
})

it('finds a secret in any script by its bytes', () => {
  const secret = 'ключ-ключ-ключ-ключ-é'
  const other = secret.normalize('NFD')
  expect(other).not.toBe(secret)
  expect(createFindService([{ name: 's', secret }])(secret)?.userId).toBe('s')
  expect(createFindService([{ name: 's', secret: other }])(other)?.userId).toBe('s')
  expect(createFindService([{ name: 's', secret }])(other)).toBeUndefined()
})
