import type { IncomingMessage } from 'node:http'
import { describe, expect, it, jest } from '@jest/globals'
import {
  type Authenticate,
  createIdentify,
  openMode,
} from '../../../server/security/authenticate.js'
import type { Credential } from '../../../server/security/credentials.js'
import { publicError } from '../../../shared/errors.js'

const request = {
  headers: { 'x-tenant': 't1' },
  socket: { remoteAddress: '127.0.0.1' },
} as unknown as IncomingMessage
const NONE: Credential = { kind: 'none' }
const tokenOf = (token: string): Credential => ({ kind: 'token', token })

async function codeOf(
  authenticate: Authenticate,
  credential: Credential,
): Promise<string | undefined> {
  return createIdentify(authenticate)(credential, request).then(
    () => undefined,
    (error: unknown) => publicError(error).code,
  )
}

describe('identifying a caller', () => {
  it('refuses who is not found, be that null or undefined', async () => {
    for (const found of [null, undefined]) {
      expect(await codeOf(() => found, tokenOf('x'))).toBe('unauthorized')
    }
  })

  it('gives the host what the request showed, and returns the principal completed', async () => {
    const authenticate = jest.fn<Authenticate>().mockResolvedValue({ userId: 'ann' })
    const principal = await createIdentify(authenticate)(tokenOf('abc'), request)
    expect(authenticate).toHaveBeenCalledWith({
      token: 'abc',
      headers: request.headers,
      remoteAddress: '127.0.0.1',
    })
    expect(principal).toEqual({
      userId: 'ann',
      roles: [],
      topics: { subscribe: [], publish: [] },
    })
  })

  it('lets the host decide on a request without a token, too', async () => {
    const authenticate = jest.fn<Authenticate>().mockReturnValue({ userId: 'guest' })
    expect(await createIdentify(authenticate)(NONE, request)).toMatchObject({ userId: 'guest' })
    expect(authenticate.mock.calls[0]?.[0].token).toBeUndefined()
  })

  it('is unauthorized where the host knows nobody, with a hint that fits', async () => {
    const identify = createIdentify(() => null)
    await expect(identify(NONE, request)).rejects.toThrow(/a token is needed/)
    await expect(identify(tokenOf('x'), request)).rejects.toThrow('the token is not valid')
    expect(await codeOf(() => null, NONE)).toBe('unauthorized')
  })

  it.each([
    ['no user', { roles: ['admin'] }],
    ['an empty user', { userId: '' }],
    ['a user that is a number', { userId: 5 }],
    ['roles that are one text', { userId: 'ann', roles: 'nonadmin' }],
    ['a control character in a role', { userId: 'ann', roles: ['a\nb'] }],
  ])('is a fault of the host, and lets nobody in, where it returns %s', async (_, found) => {
    expect(await codeOf((() => found) as unknown as Authenticate, tokenOf('x'))).toBe('internal')
  })

  it('tells the caller nothing of what the host throws', async () => {
    const authenticate = () => {
      throw new Error('connection to ldap://secret failed')
    }
    expect(await codeOf(authenticate, tokenOf('x'))).toBe('internal')
  })

  it('knows no ticket that nobody has given out', async () => {
    const authenticate = jest.fn<Authenticate>()
    expect(await codeOf(authenticate, { kind: 'ticket', ticket: 't' })).toBe('unauthorized')
    expect(authenticate).not.toHaveBeenCalled()
  })
})

describe('open mode', () => {
  const identify = createIdentify(openMode)

  it('takes a caller without a token for an anonymous admin', async () => {
    expect(await identify(NONE, request)).toMatchObject({ userId: 'anonymous', roles: ['admin'] })
  })

  it.each([
    ['dev:ann', 'ann', []],
    ['dev:ann:admin', 'ann', ['admin']],
    ['dev:ann@example.com:ops,sales', 'ann@example.com', ['ops', 'sales']],
    ['dev:*', '*', []],
  ])('believes %j', async (token, userId, roles) => {
    expect(await identify(tokenOf(token), request)).toEqual({
      userId,
      roles,
      topics: { subscribe: ['*'], publish: [] },
    })
  })

  it.each([
    '',
    'dev',
    'dev:',
    'DEV:ann',
    'dev:ann:',
    'dev:ann:a,,b',
    'dev:ann:a:b',
    'dev:a\nb',
    'ann',
    'eyJhbGciOiJub25lIn0.e30.',
    `dev:${'x'.repeat(129)}`,
  ])('is not taken in by %j', async (token) => {
    expect(await codeOf(openMode, tokenOf(token))).toBe('unauthorized')
  })

  it('is not taken in by more roles than a principal may have', async () => {
    const roles = Array.from({ length: 101 }, (_, index) => `r${index}`)
    expect(await codeOf(openMode, tokenOf(`dev:ann:${roles}`))).toBe('unauthorized')
  })
})
