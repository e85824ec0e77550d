import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals'
import { drain } from '../../../server/delivery/drain.js'
import { PlainConnection, Stage } from './MemoryConnection.js'

beforeEach(() => {
  jest.useFakeTimers()
})
afterEach(() => {
  jest.useRealTimers()
})

/** A drain that takes up to 1,000 ms, and what has come of it. */
function begin(stage: Stage, random = () => 0) {
  const progress = { isDone: false }
  const done = drain({
    hub: stage.hub,
    spreadMs: 2000,
    timeoutMs: 1000,
    random,
    monotonicNow: () => performance.now(),
  }).then(() => {
    progress.isDone = true
  })
  return { progress, done }
}

function join(stage: Stage, leavesOn: 'drain' | 'close' | 'never'): PlainConnection {
  const connection = new PlainConnection(['*'])
  stage.hub.add(connection)
  connection.onCall = (call) => {
    if (call.startsWith(leavesOn)) stage.hub.remove(connection)
  }
  return connection
}

describe('a drain', () => {
  it('tells each connection its own time to come back, spread over the window', async () => {
    const stage = new Stage()
    const connections = [0, 1, 2].map(() => join(stage, 'drain'))
    const shares = [0, 0.5, 0.9999]
    const { done } = begin(stage, () => shares.shift()!)
    await jest.runAllTimersAsync()
    await done
    expect(connections.map(({ calls }) => calls)).toEqual([
      ['drain 500'],
      ['drain 1500'],
      ['drain 2499'],
    ])
  })

  it('hands out what was appended before it says goodbye', async () => {
    const stage = new Stage()
    const connection = join(stage, 'close')
    stage.append(1001)
    const { done } = begin(stage)
    expect(connection.batches).toHaveLength(1)
    await jest.runAllTimersAsync()
    await done
  })

  it('closes at once where nobody is behind, and ends when all have left', async () => {
    const stage = new Stage()
    const connection = join(stage, 'close')
    const { progress } = begin(stage)
    await jest.advanceTimersByTimeAsync(0)
    expect(connection.calls).toEqual(['drain 500', 'close'])
    expect(progress.isDone).toBe(true)
  })

  it('gives those who are behind half of its time, or less if they catch up', async () => {
    const stage = new Stage()
    const [behind, other] = [join(stage, 'close'), join(stage, 'close')]
    behind.isLive = false
    const { progress } = begin(stage)
    await jest.advanceTimersByTimeAsync(300)
    expect(other.calls).toEqual(['drain 500'])
    behind.isLive = true
    await jest.advanceTimersByTimeAsync(20)
    expect(behind.calls).toEqual(['drain 500', 'close'])
    expect(progress.isDone).toBe(true)

    const never = new Stage()
    const stuck = join(never, 'close')
    stuck.isLive = false
    begin(never)
    await jest.advanceTimersByTimeAsync(480)
    expect(stuck.calls).toEqual(['drain 500'])
    await jest.advanceTimersByTimeAsync(40)
    expect(stuck.calls).toEqual(['drain 500', 'close'])
  })

  it('ends those who do not leave when its time is over, and nobody before', async () => {
    const stage = new Stage()
    const [stuck, polite] = [join(stage, 'never'), join(stage, 'close')]
    const { progress } = begin(stage)
    await jest.advanceTimersByTimeAsync(960)
    expect(stuck.calls).toEqual(['drain 500', 'close'])
    expect(progress.isDone).toBe(false)
    await jest.advanceTimersByTimeAsync(60)
    expect(stuck.calls).toEqual(['drain 500', 'close', 'destroy'])
    expect(polite.calls).toEqual(['drain 500', 'close'])
    expect(progress.isDone).toBe(true)
  })

  it('is not stopped by a connection that throws', async () => {
    const stage = new Stage()
    const [bad, other] = [join(stage, 'never'), join(stage, 'close')]
    bad.drain = () => {
      throw new Error('of its own')
    }
    const { done } = begin(stage)
    await jest.runAllTimersAsync()
    await done
    expect(bad.calls).toEqual(['destroy'])
    expect(other.calls).toEqual(['drain 500', 'close'])
    expect(stage.faults).toHaveLength(1)
  })

  it('is over at once where nobody is connected', async () => {
    const { progress } = begin(new Stage())
    await jest.advanceTimersByTimeAsync(0)
    expect(progress.isDone).toBe(true)
  })
})
