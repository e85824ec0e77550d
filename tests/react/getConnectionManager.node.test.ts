/**
 * Connections where there is no page: what is shared there would be shared between users.
 *
 * @jest-environment node
 */

import { expect, it } from '@jest/globals'
import { getConnectionManager } from '../../client/connection/getConnectionManager.js'

const baseUrl = 'http://127.0.0.1:1'

it('makes a new one with each call', () => {
  const manager = getConnectionManager({ baseUrl })
  expect(getConnectionManager({ baseUrl })).not.toBe(manager)
  expect(getConnectionManager({ baseUrl, topics: ['a'] }).options.topics).toEqual(['a'])
})

it('needs an address', () => {
  expect(() => getConnectionManager()).toThrow(
    expect.objectContaining({ code: 'invalid_options', message: expect.stringMatching(/baseUrl/) }),
  )
})
