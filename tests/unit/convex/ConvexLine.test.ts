// One client of Convex, replaced where it can't go on; what it is told of the connection is passed on.

import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals'
import { ConvexLine, type LineClient } from '../../../server/services/convex/ConvexLine.js'
import type { Subscriber } from '../../../server/services/convex/QueryWatch.js'

const MINUTE = 60_000

/** Says where it is, in words. */
class Listener implements Subscriber {
  readonly heard: string[] = []
  result = () => void this.heard.push('result')
  failed = () => void this.heard.push('failed')
  disconnected = () => void this.heard.push('disconnected')
  connected = () => void this.heard.push('connected')
  quiet = (since: number | undefined) => {
    if (since !== undefined) this.heard.push('quiet')
  }
}

/** A client that is connected at once, and brings a result. */
function clientThat(then: () => void): LineClient<string> {
  return {
    onUpdate(_query, take) {
      setTimeout(() => {
        take({ value: 1, json: 1 })
        then()
      }, 1)
      return () => {}
    },
    onConnection: (tell) => tell(true),
    close() {},
  }
}

const random = () => 0.5
const monotonicNow = () => Date.now()
const onFault = () => {}

describe('a line to Convex', () => {
  beforeEach(() => void jest.useFakeTimers({ doNotFake: ['queueMicrotask'] }))
  afterEach(() => void jest.useRealTimers())

  it('is opened ever less often where each client breaks, also after a result', async () => {
    let opened = 0
    const line = new ConvexLine<string>({
      open: (_socket, onBroken) => {
        opened += 1
        return clientThat(() => onBroken(new Error('junk')))
      },
      ...{ onFault, monotonicNow, random },
    })
    line.subscribe('query', new Listener())
    await jest.advanceTimersByTimeAsync(5 * MINUTE)
    const soFar = opened
    await jest.advanceTimersByTimeAsync(MINUTE)
    expect(opened - soFar).toBeLessThan(20)
    expect(opened - soFar).toBeGreaterThan(5)
  })

  it('is opened at once again where the one before went well for long', async () => {
    let opened = 0
    let breakIt = () => {}
    const line = new ConvexLine<string>({
      open: (_socket, onBroken) => {
        opened += 1
        breakIt = () => onBroken(new Error('junk'))
        return clientThat(opened < 8 ? breakIt : () => {})
      },
      ...{ onFault, monotonicNow, random },
    })
    line.subscribe('query', new Listener())
    await jest.advanceTimersByTimeAsync(5 * MINUTE)
    expect(opened).toBe(8)
    breakIt()
    await jest.advanceTimersByTimeAsync(150)
    expect(opened).toBe(9)
  })

  it('is reported once while there is no connection, and again after there was one', async () => {
    const faults: unknown[] = []
    let tell: (isConnected: boolean) => void = () => {}
    const line = new ConvexLine<string>({
      open: () => ({
        ...clientThat(() => {}),
        onConnection(listener) {
          tell = listener
        },
      }),
      ...{ monotonicNow, random },
      onFault: (fault) => faults.push(String(fault)),
    })
    line.subscribe('query', new Listener())
    await jest.advanceTimersByTimeAsync(9999)
    expect(faults).toEqual([])
    await jest.advanceTimersByTimeAsync(MINUTE)
    expect(faults).toEqual(["Error: Convex can't be reached; what is watched waits for it"])
    tell(true)
    await jest.advanceTimersByTimeAsync(MINUTE)
    expect(faults).toHaveLength(1)
    tell(false)
    await jest.advanceTimersByTimeAsync(MINUTE)
    expect(faults).toHaveLength(2)
  })

  it('says when nothing was heard on it, though it seems to be connected', async () => {
    const listener = new Listener()
    const line = new ConvexLine<string>({
      open: () => clientThat(() => {}),
      ...{ onFault, monotonicNow, random },
    })
    line.subscribe('query', listener)
    await jest.advanceTimersByTimeAsync(20_000)
    expect(listener.heard).toEqual(['disconnected', 'connected', 'result'])
    await jest.advanceTimersByTimeAsync(5000)
    expect(listener.heard.at(-1)).toBe('quiet')
  })
})
