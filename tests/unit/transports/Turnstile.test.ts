import { expect, it } from '@jest/globals'
import { Turnstile } from '../../../server/transports/Turnstile.js'

const nextTurn = () => new Promise<void>((resolve) => setImmediate(resolve))

/** Many come at once: who has passed, in order. */
function crowd(turnstile: Turnstile, count: number): number[] {
  const passed: number[] = []
  for (let n = 0; n < count; n += 1) {
    const wait = turnstile.pass()
    if (wait === undefined) passed.push(n)
    else void wait.then(() => passed.push(n))
  }
  return passed
}

it('lets 16 in at once, and the others in their order, as many in each turn', async () => {
  const passed = crowd(new Turnstile(), 50)
  const counts = [passed.length]
  while (passed.length < 50) {
    await nextTurn()
    counts.push(passed.length)
  }
  expect(counts).toEqual([16, 32, 48, 50])
  expect(passed).toEqual([...Array(50).keys()])
})

it('lets nobody overtake those who wait', async () => {
  const turnstile = new Turnstile()
  const first = crowd(turnstile, 25)
  const second = crowd(turnstile, 10)
  expect([first.length, second.length]).toEqual([16, 0])
  await nextTurn()
  expect([first.length, second.length]).toEqual([25, 7])
  await nextTurn()
  expect(second).toHaveLength(10)
})

it('keeps nobody waiting where few come', async () => {
  const turnstile = new Turnstile()
  for (let turns = 0; turns < 10; turns += 1) {
    expect(crowd(turnstile, 16)).toHaveLength(16)
    await nextTurn()
  }
})
