// A server whose broker has no log yet, as where Redis is away when it starts: it names no cursor, at
// no door, since there is none that would mean anything.

import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { Api } from '../support/Api.js'
import { allDoors, knock, knockAtSocket } from '../support/doors.js'
import { HandBroker } from '../support/HandBroker.js'
import { startTestServer, type TestServer } from '../support/testServer.js'

let broker: HandBroker
let server: TestServer

beforeEach(async () => {
  broker = new HandBroker()
  server = await startTestServer({ broker })
})
afterEach(() => server.close())

describe('a server without a log', () => {
  it('lets nobody in, whatever the door', async () => {
    expect(await knock(server.url, 'dev:ann:admin')).toEqual(allDoors(503, 1013))
  })

  it.each(['now', '0', 1_700_000_000_000, '1700000000000-0.abcdef'])(
    'lets no socket in that begins at %s',
    async (since) => {
      expect(await knockAtSocket(server.url, { token: 'dev:ann', since })).toBe(1013)
    },
  )

  it('lets everybody in when it has one', async () => {
    broker.begin('epoch0', [1001])
    expect(await knockAtSocket(server.url, { token: 'dev:ann' })).toBe(101)
    const { status, body } = await new Api(server.url, 'dev:ann').poll({ since: 'now' })
    expect([status, body.cursor]).toEqual([200, '1001-0.epoch0'])
  })
})
