import type { IncomingMessage } from 'node:http'
import { describe, expect, it } from '@jest/globals'
import { credentialOf, NO_CREDENTIAL, oneOf } from '../../../server/security/credentials.js'

function shown(authorization?: string | string[], query = '') {
  const values = authorization === undefined ? [] : [authorization].flat()
  const rawHeaders = ['Accept', '*/*', ...values.flatMap((value) => ['Authorization', value])]
  const req = { rawHeaders } as IncomingMessage
  return credentialOf(req, new URLSearchParams(query))
}

const fails = (code: string) => expect.objectContaining({ code })

describe('the credential of a request', () => {
  it('is none where none is shown', () => {
    expect(shown()).toEqual({ kind: 'none' })
    expect(shown(undefined, 'since=0')).toEqual({ kind: 'none' })
  })

  it.each(['Bearer abc', 'bearer abc', 'BEARER   abc'])('is the token in %j', (header) => {
    expect(shown(header)).toEqual({ kind: 'token', token: 'abc' })
  })

  it('is the ticket in the query', () => {
    expect(shown(undefined, 'ticket=xyz')).toEqual({ kind: 'ticket', ticket: 'xyz' })
  })

  it.each(['', 'Bearer', 'Bearer ', 'abc', 'Basic YTpi', 'Bearerabc', 'Token abc'])(
    'that is wrong (%j) is unauthorized, never read as absent',
    (header) => {
      expect(() => shown(header)).toThrow(fails('unauthorized'))
    },
  )

  it('that is an empty ticket is a ticket', () => {
    expect(shown(undefined, 'ticket=')).toEqual({ kind: 'ticket', ticket: '' })
  })

  it('is refused where there are several, the same ones included', () => {
    expect(() => shown(['Bearer a', 'Bearer a'])).toThrow(fails('invalid_request'))
    expect(() => shown('Bearer a', 'ticket=b')).toThrow(fails('invalid_request'))
  })

  it('does not belong in a URL, beside another or alone', () => {
    expect(() => shown(undefined, 'token=abc')).toThrow(fails('invalid_request'))
    expect(() => shown('Bearer abc', 'token=')).toThrow(fails('invalid_request'))
  })

  it('is read as UTF-8 where it is that, else letter by letter', () => {
    const asNodeReadsIt = (token: string) => Buffer.from(token).toString('latin1')
    expect(shown(`Bearer ${asNodeReadsIt('dev:Jürgen')}`)).toEqual({
      kind: 'token',
      token: 'dev:Jürgen',
    })
    expect(shown('Bearer dev:\xfc')).toEqual({ kind: 'token', token: 'dev:ü' })
  })
})

describe('of several places for a credential', () => {
  const token = { kind: 'token', token: 'a' } as const
  const ticket = { kind: 'ticket', ticket: 'b' } as const

  it('one at most may hold one', () => {
    expect(oneOf([])).toEqual(NO_CREDENTIAL)
    expect(oneOf([NO_CREDENTIAL, NO_CREDENTIAL])).toEqual(NO_CREDENTIAL)
    expect(oneOf([NO_CREDENTIAL, ticket])).toEqual(ticket)
    expect(() => oneOf([token, ticket])).toThrow(fails('invalid_request'))
    expect(() => oneOf([token, token])).toThrow(fails('invalid_request'))
  })
})
