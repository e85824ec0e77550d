// What a server may print: its greeting, and lines of JSON that anybody's terminal and disk can take.

import { expect } from '@jest/globals'

const MOST_LINE_BYTES = 8192

/** Each line of the log, parsed. Throws where one is none, is too long, or could steer a terminal. */
export function logLines(output: string): { msg: string; [field: string]: unknown }[] {
  const lines = output.split('\n').filter((line) => line !== '' && !line.startsWith('  '))
  return lines.map((line) => {
    expect(line).toMatch(/^\{.*\}$/)
    expect(line).not.toMatch(/[\0-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069]/)
    expect(Buffer.byteLength(line)).toBeLessThan(MOST_LINE_BYTES)
    const parsed = JSON.parse(line)
    expect(parsed).toMatchObject({ level: expect.any(Number), msg: expect.any(String) })
    return parsed
  })
}

/** Nothing but such lines, none of them a fault, a warning or an unhandled rejection. */
export function expectCleanLog(output: string): void {
  const faults = logLines(output).filter(({ msg }) => msg === 'fault')
  expect(faults).toEqual([])
  expect(output).not.toMatch(/unhandled|uncaught|warning|deprecat|memory leak/i)
}
