import { beforeEach, describe, expect, it } from '@jest/globals'
import { FrameMeter } from '../../../server/transports/FrameMeter.js'

const clock = { ms: 0 }
let meter: FrameMeter
beforeEach(() => {
  clock.ms = 5000
  meter = new FrameMeter(5, () => clock.ms)
})

const takenOf = (attempts: number, weight?: number) =>
  Array.from({ length: attempts }, () => meter.take(weight)).filter((isTaken) => isTaken).length

describe('frames', () => {
  it('may come all at once after a silence, as many as ten seconds of them', () => {
    expect(takenOf(200)).toBe(50)
    clock.ms += 9999
    expect(takenOf(200)).toBe(0)
    clock.ms += 1
    expect(takenOf(200)).toBe(50)
  })

  it('are never too many at the rate that is allowed, for as long as it takes', () => {
    for (let frame = 0; frame < 5 * 3600; frame += 1) {
      expect(meter.take()).toBe(true)
      clock.ms += 200
    }
  })

  it('are too many at half as much again within ten seconds', () => {
    let frames = 0
    while (meter.take()) {
      frames += 1
      clock.ms += 1000 / 7.5
    }
    expect(frames).toBe(50)
    expect(clock.ms).toBeLessThan(15_000)
  })

  it('may weigh as much as several, also when there is less room than that', () => {
    expect(takenOf(10, 20)).toBe(2)
    clock.ms += 10_000
    expect(takenOf(1, 50)).toBe(1)
    expect(takenOf(1)).toBe(0)
  })

  it('have no limit where it is 0', () => {
    meter = new FrameMeter(0, () => clock.ms)
    expect(takenOf(100_000)).toBe(100_000)
    expect(takenOf(10, 1e9)).toBe(10)
  })

  it('are counted from the first one on, whatever the clock says', () => {
    for (const ms of [0, -1000, 1e12]) {
      clock.ms = ms
      meter = new FrameMeter(5, () => clock.ms)
      expect(takenOf(200)).toBe(50)
    }
  })
})
