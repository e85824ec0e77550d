import { performance } from 'node:perf_hooks'
import { expect, it } from '@jest/globals'
import { pino } from 'pino'
import { createFaultLog } from '../../server/faultLog.js'

it('a fault of a megabyte that looks like the beginnings of tokens is written at once', () => {
  const lines: string[] = []
  const logger = pino({ level: 'error' }, { write: (line: string) => lines.push(line) })
  const startedAt = performance.now()
  createFaultLog(logger, () => 0)(new Error('eyJ-'.repeat(1 << 18)))
  expect(performance.now() - startedAt).toBeLessThan(1000)
  expect(lines).toHaveLength(1)
  expect(lines[0]?.length).toBeLessThan(8192)
})
