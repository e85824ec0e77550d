// Every cursor that a client is told is its own position, and a place that the log really has.

import { describe, expect, it } from '@jest/globals'
import { SocketClient } from '../support/SocketClient.js'
import { StreamClient } from '../support/StreamClient.js'
import { waitFor } from '../support/waitFor.js'
import { isForward, transports } from './reader.js'
import { aheadOf, CURSOR, names, ofOtherEpoch, Scene } from './scene.js'
import { target, unique } from './target.js'

const server = target()

/** More than fits in one page or one write. */
const MANY = 300

describe.each(transports)('the cursors of a reader over $name', ({ open }) => {
  it('have one form and never move back', async () => {
    const scene = new Scene(server.url)
    const { cursor: since } = await scene.toUser('m1')
    await scene.toUser('m2')
    const reader = await open(server.url, { token: scene.token, since })
    await scene.toRole('m3')
    await scene.force({ userId: scene.user })
    await scene.toUser('end')
    await reader.until('end')
    for (const cursor of reader.cursors) expect(cursor).toMatch(CURSOR)
    expect(isForward([since, ...reader.cursors])).toBe(true)
    await reader.close()
  })

  it('are positions from which nothing is skipped, wherever the client stops', async () => {
    const scene = new Scene(server.url)
    const since = await scene.cursorNow()
    await scene.fill('m', MANY, { userId: scene.user })
    const reader = await open(server.url, { token: scene.token, since })
    // It stops at once, perhaps in the middle of what it missed.
    await reader.close()
    const rest = await scene.api.poll({ since: reader.cursor, limit: 1000 })
    const payloads = rest.body.messages.map(({ payload }: { payload: string }) => payload)
    expect([...reader.heard, ...payloads]).toEqual(names('m', MANY))
  })

  it.each([
    ['now', () => 'now'],
    ['a timestamp in the future', (cursor: string) => String(Number.parseInt(cursor, 10) + 1e7)],
    ['a cursor ahead of the log', aheadOf],
    ['a cursor of another epoch', ofOtherEpoch],
  ])(
    'are entries that the log has, never minted from a clock: since %s',
    async (_kind, sinceOf) => {
      const scene = new Scene(server.url)
      const others = { userId: unique('other') }
      // In a log that others write to, an entry may come between; a minted cursor never matches.
      await waitFor('the cursor of the newest entry', async () => {
        const { cursor: newest } = await scene.send('for somebody else', others)
        const reader = await open(server.url, { token: scene.token, since: sinceOf(newest) })
        await reader.close()
        return reader.cursor === newest
      })
    },
  )
})

describe('a connection that is told of what it missed', () => {
  it('is first told the position that it handed in, not the head', async () => {
    const scene = new Scene(server.url)
    const { cursor: since } = await scene.toUser('m1')
    await scene.fill('m', MANY, { userId: scene.user })
    const socket = await SocketClient.connect(server.url, { token: scene.token, since })
    expect(socket.connected.cursor).toBe(since)
    const stream = await StreamClient.open(server.url, { token: scene.token, query: { since } })
    expect((await stream.next('connected')).data.cursor).toBe(since)
    await socket.close()
    stream.close()
  })

  it('hears each message with its own cursor', async () => {
    const scene = new Scene(server.url)
    const since = await scene.cursorNow()
    const cursors = await scene.fill('m', MANY, { userId: scene.user })
    const socket = await SocketClient.connect(server.url, { token: scene.token, since })
    const stream = await StreamClient.open(server.url, { token: scene.token, query: { since } })
    await waitFor('all of them', () => socket.messages.length === MANY)
    await waitFor('all of them', () => stream.messages.length === MANY)
    expect(socket.messages.map(({ cursor }) => cursor)).toEqual(cursors)
    expect(stream.messages.map(({ cursor }) => cursor)).toEqual(cursors)
    // They move its position, so none of them is marked as catch-up.
    expect(socket.frames.all.some((frame) => 'catchup' in frame)).toBe(false)
    await socket.close()
    stream.close()
  })
})

describe('an idle connection', () => {
  it('hears a heartbeat within 15 s, and its position grows with the traffic of others', async () => {
    const scene = new Scene(server.url)
    const socket = await SocketClient.connect(server.url, { token: scene.token })
    const stream = await StreamClient.open(server.url, { token: scene.token })
    await stream.next('connected')
    const { cursor: others } = await scene.send('for somebody else', { userId: unique('other') })
    // A second more for the way here.
    const beats = [socket.next('heartbeat', 16_000), stream.next('heartbeat', 16_000)] as const
    const [frame, event] = await Promise.all(beats)
    expect(frame).toEqual({ op: 'heartbeat', cursor: expect.stringMatching(CURSOR) })
    expect(event).toMatchObject({ id: event.data.cursor, data: { cursor: expect.any(String) } })
    expect(isForward([others, frame.cursor])).toBe(true)
    expect(isForward([others, event.data.cursor])).toBe(true)
    await scene.toUser('m1')
    const { body } = await scene.api.poll({ since: frame.cursor })
    expect(body).toMatchObject({ resync: false, messages: [{ payload: 'm1' }] })
    await socket.close()
    stream.close()
  })
})
