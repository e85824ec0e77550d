// Who opens connections and says nothing, or never ends what it says: it keeps nobody out, and
// takes little memory.

import { readFileSync } from 'node:fs'
import { afterEach, describe, expect, it } from '@jest/globals'
import { Api } from '../support/Api.js'
import { expectServed } from '../support/canary.js'
import { clientFrame, OPCODE, RawSocket } from '../support/RawSocket.js'
import { Secrets } from '../support/Secrets.js'
import { type ServerProcess, startServerProcess } from '../support/serverProcess.js'
import { waitFor } from '../support/waitFor.js'

const secrets = new Secrets()
const token = () => secrets.mint('ann')

let server: ServerProcess
afterEach(() => server.kill())

async function start(env: Record<string, string>): Promise<void> {
  server = await startServerProcess({ AUTH_JWT_SECRET: secrets.signingSecret, ...env })
}

/** A socket that was upgraded, from anywhere, and says nothing. */
async function silentFrom(address: string): Promise<RawSocket> {
  const raw = await RawSocket.open(server.url)
  raw.writeUpgrade({ 'X-Forwarded-For': address })
  await waitFor('the upgrade', () => raw.text.startsWith('HTTP/1.1 101'))
  return raw
}

describe('silent sockets', () => {
  it('from many addresses keep nobody out on any transport', async () => {
    await start({ MAX_CONNECTIONS: '12', MAX_CONNECTIONS_PER_ADDRESS: '10', TRUST_PROXY: '1' })
    const silent = []
    for (let n = 0; n < 20; n += 1) silent.push(await silentFrom(`2001:db8:0:${n}00::1`))
    // A reader on each transport, and their places are their own from then on.
    await expectServed(server.url, token())
    for (const raw of silent) await raw.close()
  })

  it('do not keep out those who share their address with them', async () => {
    await start({ MAX_CONNECTIONS_PER_ADDRESS: '6' })
    const connected = []
    for (let n = 0; n < 4; n += 1) {
      connected.push(await RawSocket.connected(server.url, { token: token() }))
    }
    const silent = []
    for (let n = 0; n < 3; n += 1) silent.push(await RawSocket.upgraded(server.url))
    const held = await new Api(server.url, token()).poll({ since: 'now', wait: 0.1 })
    expect(held.status).toBe(200)
    const last = await RawSocket.connected(server.url, { token: token() })
    expect([...connected, last].map(({ closeCode }) => closeCode)).not.toContain(1013)
    for (const raw of [...connected, ...silent, last]) await raw.close()
  })

  it('that send a frame without an end fill no memory with it', async () => {
    const SOCKETS = 150
    const MIB = 1 << 20
    await start({})
    const endless = clientFrame(OPCODE.text, 'x'.repeat(MIB)).subarray(0, -1)
    const before = residentMib()
    const raws: RawSocket[] = []
    for (let n = 0; n < SOCKETS; n += 1) {
      const raw = await RawSocket.upgraded(server.url)
      raw.write(endless)
      raws.push(raw)
    }
    await waitFor('all to be told', () => raws.every(({ closeCode }) => closeCode === 4500))
    expect(residentMib() - before).toBeLessThan(100)
    await expectServed(server.url, token())
    for (const raw of raws) await raw.close()
  })
})

it('sockets that ask for nothing more than a probe leave others room', async () => {
  await start({ MAX_CONNECTIONS_PER_ADDRESS: '1' })
  const raws: RawSocket[] = []
  for (let n = 0; n < 200; n += 1) {
    const raw = await RawSocket.open(server.url)
    raw.write('GET /healthz HTTP/1.1\r\nHost: probe\r\n\r\n')
    raws.push(raw)
  }
  const isHungUp = ({ socket }: RawSocket) => socket.destroyed
  await waitFor('those over the bound to be cut off', () => raws.filter(isHungUp).length >= 90)
  expect(raws.filter((raw) => !isHungUp(raw)).length).toBeGreaterThanOrEqual(100)
  await raws[0]?.close()
  await expectServedSoon()
  for (const raw of raws) await raw.close()
})

async function expectServedSoon(): Promise<void> {
  const isServed = async () => {
    const answer = await fetch(`${server.url}/healthz`, { headers: { Connection: 'close' } }).catch(
      () => undefined,
    )
    return answer?.status === 200
  }
  await waitFor('an answer', isServed)
}

function residentMib(): number {
  const status = readFileSync(`/proc/${server.child.pid}/status`, 'utf8')
  return Number(/VmRSS:\s+(\d+) kB/.exec(status)?.[1]) / 1024
}
