// "Cursor and order": where a reader starts, and what it gets from there on.

import { describe, expect, it } from '@jest/globals'
import { waitFor } from '../support/waitFor.js'
import { isForward, transports } from './reader.js'
import { Scene } from './scene.js'
import { target, unique } from './target.js'

const server = target()

describe.each(transports)('a reader over $name', ({ open }) => {
  it('carries on after the cursor it hands in, then goes on live', async () => {
    const scene = new Scene(server.url)
    const topics = [scene.topic]
    await scene.toUser('m1')
    const { cursor: since } = await scene.toTopic('m2')
    await scene.toUser('m3')
    await scene.toRole('m4')
    await scene.toTopic('m5')
    const reader = await open(server.url, { token: scene.token, since, topics })
    expect(await reader.until('m5')).toEqual(['m3', 'm4', 'm5'])
    await scene.toUser('m6')
    await scene.toTopic('m7')
    expect(await reader.until('m7')).toEqual(['m3', 'm4', 'm5', 'm6', 'm7'])
    expect(isForward(reader.cursors)).toBe(true)
    await reader.close()
  })

  it('takes `now` as after all that was published before', async () => {
    const scene = new Scene(server.url)
    await scene.toUser('before')
    const reader = await open(server.url, { token: scene.token, since: 'now' })
    await scene.toUser('after')
    expect(await reader.until('after')).toEqual(['after'])
    await reader.close()
  })

  it('takes `0` as everything retained', async () => {
    const scene = new Scene(server.url)
    await scene.toUser('m1')
    await scene.toRole('m2')
    const reader = await open(server.url, { token: scene.token, since: '0' })
    expect(await reader.until('m2')).toEqual(['m1', 'm2'])
    await scene.toUser('m3')
    expect(await reader.until('m3')).toEqual(['m1', 'm2', 'm3'])
    await reader.close()
  })

  it('takes a bare timestamp as everything with a later one', async () => {
    const scene = new Scene(server.url)
    // Together, so that several have the same millisecond.
    await scene.fill('m', 20, { userId: scene.user })
    const { body } = await scene.api.poll()
    const { timestamp } = body.messages.at(-1)
    await waitFor(
      'a later millisecond',
      async () => (await scene.toUser('m')).timestamp > timestamp,
    )
    await scene.toUser('end')
    const all: { timestamp: number; payload: string }[] = (await scene.api.poll()).body.messages
    for (const since of [timestamp, timestamp - 1]) {
      const later = all.filter((message) => message.timestamp > since)
      const reader = await open(server.url, { token: scene.token, since: String(since) })
      expect(await reader.until('end')).toEqual(later.map(({ payload }) => payload))
      await reader.close()
    }
  })

  it('takes a timestamp later than the head as `now`', async () => {
    const scene = new Scene(server.url)
    const { timestamp } = await scene.toUser('before')
    const since = String(timestamp + 3_600_000)
    const reader = await open(server.url, { token: scene.token, since })
    await scene.toUser('after')
    expect(await reader.until('after')).toEqual(['after'])
    await reader.close()
  })

  it('is told cursors that are good again, whatever cursor it handed in', async () => {
    const scene = new Scene(server.url)
    const { cursor, timestamp } = await scene.toUser('m1')
    await waitFor(
      'a later millisecond',
      async () => (await scene.toUser('m')).timestamp > timestamp,
    )
    // In the right form, and behind all that this millisecond can have had.
    const since = cursor.replace(/-\d+/, `-${'9'.repeat(20)}`)
    const reader = await open(server.url, { token: scene.token, since })
    const [told = ''] = reader.cursors
    await reader.close()
    const again = await open(server.url, { token: scene.token, since: told })
    await scene.toUser('end')
    await again.until('end')
    await again.close()
  })

  it('delivers a message for several of its audiences once', async () => {
    const scene = new Scene(server.url)
    const topics = [scene.topic, unique('t')]
    const since = await scene.cursorNow()
    const reader = await open(server.url, { token: scene.token, since, topics })
    await scene.send('both', { topics })
    await scene.toUser('end')
    expect(await reader.until('end')).toEqual(['both', 'end'])
    await reader.close()
    const late = await open(server.url, { token: scene.token, since, topics })
    expect(await late.until('end')).toEqual(['both', 'end'])
    await late.close()
  })

  it('hands back its topics each time: the server remembers nothing between connections', async () => {
    const scene = new Scene(server.url)
    const first = await open(server.url, { token: scene.token, topics: [scene.topic] })
    await scene.toTopic('m1')
    await first.until('m1')
    await first.close()
    await scene.toTopic('m2')
    await scene.toUser('m3')
    const second = await open(server.url, { token: scene.token, since: first.cursor })
    expect(await second.until('m3')).toEqual(['m3'])
    await second.close()
  })

  it("sees what its rights allow at the time of reading, whoever's cursor it hands in", async () => {
    const scene = new Scene(server.url)
    const other = unique('other')
    const { cursor: since } = await scene.toUser('private')
    await scene.toUser('private too')
    await scene.toRole('for the role')
    await scene.send('end', { userId: other })
    const stranger = await open(server.url, { token: `dev:${other}`, since })
    expect(await stranger.until('end')).toEqual(['end'])
    await stranger.close()
    // The role was given after the message was published.
    const member = await open(server.url, { token: `dev:${other}:${scene.role}`, since })
    expect(await member.until('end')).toEqual(['for the role', 'end'])
    await member.close()
  })

  describe('resuming over another transport', () => {
    it.each(transports)('carries on over $name without a gap or a repeat', async (next) => {
      const scene = new Scene(server.url)
      const reading = { token: scene.token, topics: [scene.topic] }
      const first = await open(server.url, { ...reading, since: 'now' })
      await scene.toUser('m1')
      await scene.toTopic('m2')
      expect(await first.until('m2')).toEqual(['m1', 'm2'])
      await first.close()
      await scene.toTopic('m3')
      await scene.toUser('m4')
      const second = await next.open(server.url, { ...reading, since: first.cursor })
      await scene.toUser('m5')
      expect(await second.until('m5')).toEqual(['m3', 'm4', 'm5'])
      await second.close()
    })
  })
})

describe('where `since` is absent', () => {
  it.each(transports)('$name starts where the contract says', async ({ name, open }) => {
    const scene = new Scene(server.url)
    await scene.toUser('before')
    const reader = await open(server.url, { token: scene.token })
    await scene.toUser('after')
    const isPoll = name === 'poll' || name === 'long-poll'
    const expected = isPoll ? ['before', 'after'] : ['after']
    expect(await reader.until('after')).toEqual(expected)
    await reader.close()
  })
})
