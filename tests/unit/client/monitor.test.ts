// When a link counts as silent, and what sleep looks like.

import { beforeEach, expect, it } from '@jest/globals'
import { createMonitor, type Monitor } from '../../../client/connection/monitor.js'
import { FakeNetwork } from '../../support/client/FakeNetwork.js'
import { FakeServer } from '../../support/client/FakeServer.js'
import { VirtualEnvironment } from '../../support/client/VirtualEnvironment.js'

const HEARTBEAT_MS = 15_000

let environment: VirtualEnvironment
let monitor: Monitor
let seen: string[]
let canPing: boolean

beforeEach(() => {
  environment = new VirtualEnvironment()
  seen = []
  canPing = true
  const { fetch, WebSocket } = new FakeNetwork(new FakeServer(environment), environment)
  const { now, random, after, isHidden, watch } = environment
  const note = (what: string) => () => void seen.push(`${what} ${now() - 1_000_000}`)
  monitor = createMonitor(
    { now, random, after, isHidden, watch, fetch, WebSocket },
    {
      ping: () => {
        if (canPing) note('ping')()
        return canPing
      },
      replace: note('replace'),
      abandon: note('abandon'),
    },
  )
})

it('asks after a heartbeat of silence, and gives the link up after a second one', async () => {
  monitor.carried(HEARTBEAT_MS)
  await environment.advance(2 * HEARTBEAT_MS)
  expect(seen.slice(0, 2)).toEqual(['ping 15000', 'abandon 30000'])
})

it('leaves a link alone that says something in time', async () => {
  monitor.carried(HEARTBEAT_MS)
  for (let times = 0; times < 20; times += 1) {
    await environment.advance(HEARTBEAT_MS - 1)
    monitor.heard()
  }
  expect(seen).toEqual([])
})

it('gives nothing up that answers the question', async () => {
  monitor.carried(HEARTBEAT_MS)
  await environment.advance(HEARTBEAT_MS + 1)
  monitor.heard()
  await environment.advance(HEARTBEAT_MS - 2)
  expect(seen).toEqual(['ping 15000'])
})

it('takes a late timer for sleep: asks, and replaces the link if no answer comes soon', async () => {
  monitor.carried(HEARTBEAT_MS)
  environment.sleep(3_600_000)
  await environment.advance(0)
  expect(seen).toEqual(['ping 3600000'])
  await environment.advance(3000)
  expect(seen.slice(0, 2)).toEqual(['ping 3600000', 'replace 3603000'])
})

it('replaces at once what cannot be asked, after sleep', async () => {
  canPing = false
  monitor.carried(HEARTBEAT_MS)
  environment.sleep(3_600_000)
  await environment.advance(0)
  expect(seen).toEqual(['replace 3600000'])
})

it('goes on watching after sleep', async () => {
  monitor.carried(HEARTBEAT_MS)
  environment.sleep(60_000)
  await environment.advance(0)
  monitor.heard()
  await environment.advance(100_000)
  expect(seen.some((what) => what.startsWith('abandon'))).toBe(true)
})

it('watches nothing without a link, nor one that keeps time itself', async () => {
  monitor.carried(HEARTBEAT_MS)
  monitor.lost()
  monitor.carried()
  await environment.advance(1_000_000)
  expect(seen).toEqual([])
  monitor.lost()
  expect(monitor.ask()).toBe(false)
})
