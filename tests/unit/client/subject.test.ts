// Whose token it is, as far as that can be read.

import { expect, it } from '@jest/globals'
import { subjectOf } from '../../../client/connection/subject.js'

const jwt = (claims: object) =>
  `e30.${Buffer.from(JSON.stringify(claims)).toString('base64url')}.signature`

it('reads whose token it is, also where the claims have signs of base64url', () => {
  expect(subjectOf(jwt({ sub: 'u_1' }))).toBe('u_1')
  expect(subjectOf(jwt({ sub: 'ü?>~ÿ', more: '???>>>' }))).toBeDefined()
})

it('reads the user of a token of open mode', () => {
  expect(subjectOf('dev:u_7:admin')).toBe('u_7')
})

it.each([[undefined], [''], ['opaque'], ['a.b.c'], [jwt({})]])('makes nothing of %j', (token) => {
  expect(subjectOf(token)).toBeUndefined()
})
