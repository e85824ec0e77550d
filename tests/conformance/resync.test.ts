// A reader whose position is lost is told so, once, and carries on; one whose isn't is never told.

import { describe, expect, it } from '@jest/globals'
import { isForward, transports } from './reader.js'
import { aheadOf, CURSOR, KEPT, names, ofOtherEpoch, Scene } from './scene.js'
import { target, unique } from './target.js'

const server = target()

/** More than the log keeps of one audience: the first 5 leave it. */
const OVERFLOWING = KEPT + 5
const kept = (stem: string) => names(stem, OVERFLOWING).slice(5)

describe.each(transports)('a reader over $name', ({ open }) => {
  it.each([
    ['of another epoch', ofOtherEpoch],
    ['ahead of the log', aheadOf],
  ])('with a cursor %s is told `epoch` and carries on from the oldest', async (_kind, change) => {
    const scene = new Scene(server.url)
    const topics = [scene.topic]
    await scene.toUser('m1')
    await scene.toTopic('m2')
    const { cursor } = await scene.toUser('m3')
    const lost = await open(server.url, { token: scene.token, topics, since: change(cursor) })
    await scene.toTopic('m4')
    expect(await lost.until('m4')).toEqual(['resync:epoch', 'm1', 'm2', 'm3', 'm4'])
    expect(isForward(lost.cursors)).toBe(true)
    await lost.close()
    // From then on its cursor is like any other.
    await scene.toUser('m5')
    const found = await open(server.url, { token: scene.token, topics, since: lost.cursor })
    expect(await found.until('m5')).toEqual(['m5'])
    await found.close()
  })

  it('with an old cursor of this epoch carries on after it', async () => {
    const scene = new Scene(server.url)
    const { cursor } = await scene.toUser('m1')
    await scene.toUser('m2')
    const since = cursor.replace(/^\d+-\d+/, '1-0')
    const reader = await open(server.url, { token: scene.token, since })
    const heard = await reader.until('m2')
    // So old a position may be given in doubt.
    expect(heard.filter((name) => !name.startsWith('resync:'))).toEqual(['m1', 'm2'])
    await reader.close()
  })

  it('that missed an evicted message is told `evicted` and carries on after its cursor', async () => {
    const scene = new Scene(server.url)
    const reading = { token: scene.token, topics: [scene.topic] }
    await scene.toUser('before')
    const since = await scene.cursorNow()
    await scene.toUser('below the loss')
    await scene.fill('t', OVERFLOWING, { topics: [scene.topic] })
    const reader = await open(server.url, { ...reading, since })
    await scene.toUser('end')
    const expected = ['resync:evicted', 'below the loss', ...kept('t'), 'end']
    expect(await reader.until('end')).toEqual(expected)
    expect(isForward(reader.cursors)).toBe(true)
    await reader.close()
    await scene.toUser('later')
    const again = await open(server.url, { ...reading, since: reader.cursor })
    expect(await again.until('later')).toEqual(['later'])
    await again.close()
  })

  it('is told exactly where something after its cursor has left', async () => {
    const scene = new Scene(server.url)
    const reading = { token: scene.token, topics: [scene.topic] }
    const cursors = await scene.fill('t', OVERFLOWING, { topics: [scene.topic] })
    const losing = await open(server.url, { ...reading, since: cursors[3]! })
    expect(await losing.until(`t${OVERFLOWING}`)).toEqual(['resync:evicted', ...kept('t')])
    await losing.close()
    const whole = await open(server.url, { ...reading, since: cursors[4]! })
    expect(await whole.until(`t${OVERFLOWING}`)).toEqual(kept('t'))
    await whole.close()
  })

  it('is told nothing while its audience holds no more than is kept', async () => {
    const scene = new Scene(server.url)
    const since = await scene.cursorNow()
    await scene.fill('m', KEPT, { userId: scene.user })
    const reader = await open(server.url, { token: scene.token, since })
    expect(await reader.until(`m${KEPT}`)).toEqual(names('m', KEPT))
    await reader.close()
  })

  it("is told nothing of other audiences' losses", async () => {
    const scene = new Scene(server.url)
    const since = await scene.cursorNow()
    await scene.toTopic('m1')
    await scene.fill('topic', OVERFLOWING, { topics: [unique('t')] })
    await scene.fill('user', OVERFLOWING, { userId: unique('u') })
    await scene.fill('role', OVERFLOWING, { roles: [unique('r')] })
    await scene.toUser('m2')
    const reader = await open(server.url, { token: scene.token, topics: [scene.topic], since })
    expect(await reader.until('m2')).toEqual(['m1', 'm2'])
    await reader.close()
  })

  it('that starts at `0` or `now` had no position to lose', async () => {
    const scene = new Scene(server.url)
    const reading = { token: scene.token, topics: [scene.topic] }
    await scene.toUser('below the loss')
    await scene.fill('t', OVERFLOWING, { topics: [scene.topic] })
    const oldest = await open(server.url, { ...reading, since: '0' })
    const head = await open(server.url, { ...reading, since: 'now' })
    await scene.toUser('end')
    expect(await oldest.until('end')).toEqual(['below the loss', ...kept('t'), 'end'])
    expect(await head.until('end')).toEqual(['end'])
    await oldest.close()
    await head.close()
  })

  it('that started at `now` has a position to lose from then on', async () => {
    const scene = new Scene(server.url)
    const reading = { token: scene.token, topics: [scene.topic] }
    const first = await open(server.url, { ...reading, since: 'now' })
    await first.close()
    await scene.fill('t', OVERFLOWING, { topics: [scene.topic] })
    const second = await open(server.url, { ...reading, since: first.cursor })
    expect(await second.until(`t${OVERFLOWING}`)).toEqual(['resync:evicted', ...kept('t')])
    await second.close()
  })

  it('with a bare timestamp is told of a loss after it, and of none before', async () => {
    const scene = new Scene(server.url)
    const reading = { token: scene.token, topics: [scene.topic] }
    const { timestamp: before } = await scene.toUser('m1')
    await scene.fill('t', OVERFLOWING, { topics: [scene.topic] })
    const { timestamp: after } = await scene.toUser('m2')
    const losing = await open(server.url, { ...reading, since: String(before - 1) })
    expect(await losing.until('m2')).toEqual(['resync:evicted', 'm1', ...kept('t'), 'm2'])
    await losing.close()
    const whole = await open(server.url, { ...reading, since: String(after) })
    await scene.toUser('end')
    expect((await whole.until('end')).filter((name) => name.startsWith('resync:'))).toEqual([])
    await whole.close()
  })
})

it.each([
  ['a user', (scene: Scene) => ({ userId: scene.user })],
  ['a role', (scene: Scene) => ({ roles: [scene.role] })],
  ['a topic', (scene: Scene) => ({ topics: [scene.topic] })],
])('keeps %s as many messages as the contract says', async (_kind, audienceOf) => {
  const scene = new Scene(server.url)
  const reading = { topics: scene.topic, limit: KEPT }
  const since = await scene.cursorNow()
  await scene.fill('m', KEPT, audienceOf(scene))
  expect((await scene.api.poll({ ...reading, since })).body).toMatchObject({
    resync: false,
    count: KEPT,
  })
  await scene.send('one more', audienceOf(scene))
  const { body } = await scene.api.poll({ ...reading, since })
  expect(body).toMatchObject({ resync: true, reason: 'evicted', count: KEPT, hasMore: false })
  expect(body.cursor).toMatch(CURSOR)
})

it.each([
  ['of another epoch', ofOtherEpoch],
  ['ahead of the log', aheadOf],
])('does not hold back an answer with a resync: a cursor %s', async (_kind, change) => {
  const scene = new Scene(server.url)
  const since = change(await scene.cursorNow())
  const wellBeforeTheWaitEnds = AbortSignal.timeout(10_000)
  const { body } = await scene.api.poll({ since, wait: 25 }, wellBeforeTheWaitEnds)
  expect(body).toMatchObject({ resync: true, reason: 'epoch', messages: [] })
  // Nothing was lost twice: the cursor that came with it is good.
  await scene.toUser('m1')
  const next = await scene.api.poll({ since: body.cursor })
  expect(next.body).toMatchObject({ resync: false, messages: [{ payload: 'm1' }] })
})
