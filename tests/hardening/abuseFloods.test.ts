// One that sends without ever reading: it is not read either, and costs no memory.

import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { clientFrame, jsonFrame, OPCODE, RawSocket } from '../support/RawSocket.js'
import { WatchedServer } from '../support/WatchedServer.js'
import { waitFor } from '../support/waitFor.js'

const MIB = 1 << 20

let server: WatchedServer

beforeAll(async () => {
  server = await WatchedServer.start()
})

afterAll(() => server?.end())

describe('a client that sends and never reads', () => {
  /** Writes until the server has taken all of it, or takes no more. */
  async function flood(raw: RawSocket, bytes: Buffer, times: number): Promise<void> {
    for (let round = 0; round < times; round += 1) raw.write(bytes)
    let taken = -1
    let stillFor = 0
    await waitFor('the server to take all, or no more', () => {
      stillFor = raw.socket.bytesWritten - raw.socket.writableLength === taken ? stillFor + 1 : 0
      taken = raw.socket.bytesWritten - raw.socket.writableLength
      return raw.socket.writableLength === 0 || stillFor > 100
    })
  }

  it('of pings costs no memory', async () => {
    const raw = await RawSocket.connected(server.url, { token: server.token('flood') })
    raw.freeze()
    const before = await server.memoryBytes()
    const ping = clientFrame(OPCODE.ping, 'x'.repeat(125))
    await flood(raw, Buffer.concat(Array.from({ length: 5000 }, () => ping)), 80)
    expect((await server.memoryBytes()) - before).toBeLessThan(48 * MIB)
    await server.expectUnharmed()
    await raw.close()
  })

  it.each([
    ['commands', { op: 'ping', ref: 'x'.repeat(64) }],
    ['commands that are wrong', { op: 'nonsense', ref: 'x'.repeat(64) }],
    ['messages', { op: 'send', ref: 'x'.repeat(64), message: { type: 'a', payload: 'y' } }],
  ])('of %s is not read any more, and costs no memory', async (_what, frame) => {
    const raw = await RawSocket.connected(server.url, { token: server.token('flood') })
    raw.freeze()
    const before = await server.memoryBytes()
    const bytes = Buffer.concat(Array.from({ length: 2000 }, () => jsonFrame(frame)))
    await flood(raw, bytes, 250)
    expect(raw.socket.writableLength).toBeGreaterThan(0)
    expect((await server.memoryBytes()) - before).toBeLessThan(96 * MIB)
    await server.expectUnharmed()
    await raw.close()
  })
})
