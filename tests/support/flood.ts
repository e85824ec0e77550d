// Many requests at once, how many of them were taken, and whether that was what the limit says.

import { expect } from '@jest/globals'

/** How many of `count` attempts gave each answer; a few of them are always under way. */
export async function flood(
  count: number,
  attempt: (n: number) => Promise<number>,
): Promise<Map<number, number>> {
  const answers = new Map<number, number>()
  let next = 0
  const lane = async () => {
    while (next < count) {
      next += 1
      const answer = await attempt(next - 1)
      answers.set(answer, (answers.get(answer) ?? 0) + 1)
    }
  }
  await Promise.all(Array.from({ length: 16 }, lane))
  return answers
}

/** Fails where more than a twentieth was allowed beyond the limit, or the limit was never reached. */
export function expectFair(what: string, allowed: number, limit: number): void {
  process.stdout.write(`limits: ${what}: allowed/limit ${(allowed / limit).toFixed(3)}\n`)
  expect(allowed / limit).toBeLessThanOrEqual(1.05)
  expect(allowed / limit).toBeGreaterThanOrEqual(0.9)
}
