import type { IncomingMessage } from 'node:http'
import { describe, expect, it, jest } from '@jest/globals'
import {
  type Authenticate,
  createIdentify,
  type Identify,
  openMode,
} from '../../../server/security/authenticate.js'
import type { Credential } from '../../../server/security/credentials.js'
import { staleToken } from '../../../server/security/Validity.js'
import { publicError, SyncError } from '../../../shared/errors.js'
import type { Principal } from '../../../shared/principal.js'

const request = {
  headers: { 'x-tenant': 't1' },
  socket: { remoteAddress: '127.0.0.1' },
} as unknown as IncomingMessage
const NONE: Credential = { kind: 'none' }
const tokenOf = (token: string): Credential => ({ kind: 'token', token })

const ticketOf = (ticket: string): Credential => ({ kind: 'ticket', ticket })

const SERVICE: Principal = {
  userId: 'billing',
  roles: [],
  topics: { subscribe: [], publish: [] },
  isService: true,
}
const BEARER: Principal = { ...SERVICE, userId: 'tess', isService: false }

/** Knows one service's secret and one ticket, and writes down whose attempts failed. */
function identifyBy(
  authenticate: Authenticate,
  {
    isCurrent = true,
    failed = async (_address: string) => {},
    addressOf = (): string => '203.0.113.7',
  } = {},
): Identify {
  return createIdentify({
    authenticate,
    findService: (token) => (token === 'secret' ? SERVICE : undefined),
    tickets: {
      async take(ticket) {
        if (ticket === 'good') return BEARER
        throw staleToken('ticket: unknown')
      },
    },
    validity: {
      assertCurrent() {
        if (!isCurrent) throw staleToken()
      },
    },
    addressOf,
    failed,
  })
}

async function codeOf(
  authenticate: Authenticate,
  credential: Credential,
): Promise<string | undefined> {
  return identifyBy(authenticate)(credential, request).then(
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
    const principal = await identifyBy(authenticate)(tokenOf('abc'), request)
    expect(authenticate).toHaveBeenCalledWith({
      token: 'abc',
      headers: request.headers,
      remoteAddress: '203.0.113.7',
    })
    expect(principal).toEqual({
      userId: 'ann',
      roles: [],
      topics: { subscribe: [], publish: [] },
    })
  })

  it('lets the host decide on a request without a token, too', async () => {
    const authenticate = jest.fn<Authenticate>().mockReturnValue({ userId: 'guest' })
    expect(await identifyBy(authenticate)(NONE, request)).toMatchObject({ userId: 'guest' })
    expect(authenticate.mock.calls[0]?.[0].token).toBeUndefined()
  })

  it('is unauthorized where the host knows nobody, with a hint that fits', async () => {
    const identify = identifyBy(() => null)
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

  it('asks for a ticket where the tickets are, and the host for nothing', async () => {
    const authenticate = jest.fn<Authenticate>()
    expect(await codeOf(authenticate, ticketOf('t'))).toBe('unauthorized')
    expect(await identifyBy(authenticate)(ticketOf('good'), request)).toBe(BEARER)
    expect(authenticate).not.toHaveBeenCalled()
  })

  it("finds a service by its secret, which the host's function never sees", async () => {
    const authenticate = jest.fn<Authenticate>().mockReturnValue(null)
    const identify = identifyBy(authenticate)
    expect(await identify(tokenOf('secret'), request)).toBe(SERVICE)
    expect(authenticate).not.toHaveBeenCalled()
    await expect(identify(tokenOf('Secret'), request)).rejects.toThrow('not valid')
    await expect(identify(ticketOf('secret'), request)).rejects.toThrow('ticket: unknown')
  })

  it.each([
    ['a ticket', ticketOf('good')],
    ['a secret', tokenOf('secret')],
    ['a token', tokenOf('x')],
  ])('does not take %s of who no longer counts', async (_, credential) => {
    const identify = identifyBy(() => ({ userId: 'ann' }), { isCurrent: false })
    await expect(identify(credential, request)).rejects.toThrow('expired or was revoked')
  })

  it('is unavailable where the host gives no answer in time, and no timer stays', async () => {
    jest.useFakeTimers()
    try {
      const authenticate = jest.fn<Authenticate>().mockReturnValue(new Promise(() => {}))
      const answer = codeOf(authenticate, tokenOf('x'))
      await jest.advanceTimersByTimeAsync(9999)
      expect(jest.getTimerCount()).toBe(1)
      await jest.advanceTimersByTimeAsync(1)
      expect(await answer).toBe('unavailable')
      await identifyBy(() => ({ userId: 'ann' }))(tokenOf('x'), request)
      expect(jest.getTimerCount()).toBe(0)
    } finally {
      jest.useRealTimers()
    }
  })
})

describe('a failed attempt', () => {
  const host: Authenticate = ({ token }) => {
    if (token === 'broken') throw new Error('of its own')
    if (token === 'down') throw new SyncError('unavailable', 'no keys')
    if (token === 'over') throw staleToken()
    return token === 'ann' ? { userId: 'ann' } : null
  }

  it.each([
    ['without a token', NONE, ['203.0.113.7']],
    ['with a wrong token', tokenOf('x'), ['203.0.113.7']],
    ['with a wrong ticket', ticketOf('x'), ['203.0.113.7']],
    ['with a token that was good once', tokenOf('over'), []],
    ['that the server could not check', tokenOf('down'), []],
    ['that the host could not check', tokenOf('broken'), []],
    ['that was none', tokenOf('ann'), []],
    ['that was none, by ticket', ticketOf('good'), []],
  ])('%s is charged to the address it came from: %j', async (_, credential, expected) => {
    const charged: string[] = []
    const failed = async (address: string) => void charged.push(address)
    const identify = identifyBy(host, { failed })
    await identify(credential, request).catch(() => {})
    expect(charged).toEqual(expected)
  })

  it('is charged to who has left before the answer, too', async () => {
    const charged: string[] = []
    let address = '203.0.113.7'
    const leaves: Authenticate = async () => {
      address = ''
      return null
    }
    const failed = async (from: string) => void charged.push(from)
    const identify = identifyBy(leaves, { failed, addressOf: () => address })
    await identify(tokenOf('x'), request).catch(() => {})
    expect(charged).toEqual(['203.0.113.7'])
  })

  it('over the limit is rate_limited, and a good token beside it goes on', async () => {
    const failed = async () => {
      throw new SyncError('rate_limited', 'used up')
    }
    const identify = identifyBy(host, { failed })
    const limited = expect.objectContaining({ code: 'rate_limited' })
    await expect(identify(tokenOf('x'), request)).rejects.toEqual(limited)
    expect(await identify(tokenOf('ann'), request)).toMatchObject({ userId: 'ann' })
  })
})

describe('open mode', () => {
  const identify = identifyBy(openMode)

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
