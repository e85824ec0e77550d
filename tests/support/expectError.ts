// The one form that every error of the API has.

import { expect } from '@jest/globals'
import type { Answer } from './Api.js'

/** Signs of a stack, a file, a library or an internal name. */
export const INTERNAL =
  /node_modules|\bat \S+ \(|\.(ts|js|mjs|cjs)\b|\/(home|usr|app|opt|work|tmp)\/|zod|express|SyntaxError|TypeError|\[object /i

/** Checks the status, the code and the form that every error of the API has. */
export function expectError(
  { status, headers, body }: Answer,
  expected: number,
  code: string | RegExp,
) {
  expect(status).toBe(expected)
  expect(headers.get('content-type')).toMatch(/^application\/json\b/)
  expect(body.success).toBe(false)
  expect(Object.keys(body).sort()).toEqual(['error', 'success'])
  expect(body.error.code).toMatch(code)
  expect(body.error.message).toMatch(/\S/)
  const { code: _code, message: _message, details = [], ...others } = body.error
  expect(others).toEqual({})
  for (const detail of details) {
    expect(detail).toEqual({ path: expect.any(String), message: expect.stringMatching(/\S/) })
  }
  expect(JSON.stringify(body)).not.toMatch(INTERNAL)
  expect(headers.get('x-powered-by')).toBeNull()
  expect(headers.get('cache-control')).toContain('no-store')
  expect(headers.get('etag')).toBeNull()
}
