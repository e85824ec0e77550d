// `subscribe` with a `since`: what the topics hold comes first, marked, then `ok`, then live.

import { describe, expect, it } from '@jest/globals'
import { type Frame, SocketClient } from '../support/SocketClient.js'
import { isForward } from './reader.js'
import { aheadOf, CURSOR, KEPT, names, ofOtherEpoch, Scene } from './scene.js'
import { target, unique } from './target.js'

const server = target()

const connected = ({ token }: Scene, topics: readonly string[] = []) =>
  SocketClient.connect(server.url, { token, topics })

/** The story of a connection: payloads, those of a catch-up in brackets, and its other frames. */
const told = ({ frames }: SocketClient): string[] =>
  frames.all
    .filter(({ op }) => op !== 'heartbeat')
    .map(({ op, message, catchup }: Frame) => {
      if (op !== 'message') return op
      return catchup ? `(${message.payload})` : message.payload
    })

const inBrackets = (payloads: string[]) => payloads.map((payload) => `(${payload})`)

describe('a `subscribe` with `since`', () => {
  it('sends what the topic held, in order and marked, then `ok`, then what comes', async () => {
    const scene = new Scene(server.url)
    await scene.toTopic('before')
    const since = await scene.cursorNow()
    await scene.toTopic('m1')
    const client = await connected(scene)
    await scene.toTopic('m2')
    const answer = await client.ask({ op: 'subscribe', topics: [scene.topic], since })
    expect(answer).toMatchObject({
      op: 'ok',
      cursor: expect.stringMatching(CURSOR),
      resync: false,
    })
    expect('reason' in answer).toBe(false)
    await scene.toTopic('m3')
    await client.next('message')
    await client.next('message')
    await client.next('message')
    expect(told(client)).toEqual(['connected', '(m1)', '(m2)', 'ok', 'm3'])
    await client.close()
  })

  it('names with `ok` the position of the connection, from which nothing is missed', async () => {
    const scene = new Scene(server.url)
    const since = await scene.cursorNow()
    await scene.toTopic('m1')
    const client = await connected(scene)
    await scene.toUser('m2')
    await client.next('message')
    const { cursor } = await client.ask({ op: 'subscribe', topics: [scene.topic], since })
    expect(isForward([client.messages[0].cursor, cursor])).toBe(true)
    await scene.toTopic('m3')
    await scene.toUser('m4')
    const { body } = await scene.api.poll({ since: cursor, topics: scene.topic })
    expect(body.messages).toMatchObject([{ payload: 'm3' }, { payload: 'm4' }])
    await client.close()
  })

  it('leaves out what this connection was already sent', async () => {
    const scene = new Scene(server.url)
    const added = unique('t')
    const since = await scene.cursorNow()
    const client = await connected(scene, [scene.topic])
    await scene.send('both', { topics: [scene.topic, added] })
    await scene.send('added', { topics: [added] })
    await client.ask({ op: 'subscribe', topics: [added], since })
    expect(told(client)).toEqual(['connected', 'both', '(added)', 'ok'])
    // Asked for again, there is nothing left.
    await client.ask({ op: 'subscribe', topics: [scene.topic, added], since })
    expect(told(client)).toEqual(['connected', 'both', '(added)', 'ok', 'ok'])
    await client.close()
  })

  it('leaves out what an earlier catch-up has sent', async () => {
    const scene = new Scene(server.url)
    const added = unique('t')
    const since = await scene.cursorNow()
    await scene.send('both', { topics: [scene.topic, added] })
    await scene.send('added', { topics: [added] })
    const client = await connected(scene)
    await client.ask({ op: 'subscribe', topics: [scene.topic], since })
    await client.ask({ op: 'subscribe', topics: [added], since })
    expect(told(client)).toEqual(['connected', '(both)', 'ok', '(added)', 'ok'])
    await client.close()
  })

  it('leaves out what was sent before the topic was dropped', async () => {
    const scene = new Scene(server.url)
    const topics = [scene.topic]
    const client = await connected(scene, topics)
    const since = client.connected.cursor
    await scene.toTopic('m1')
    await client.next('message')
    await client.ask({ op: 'unsubscribe', topics })
    await scene.toTopic('m2')
    await client.ask({ op: 'subscribe', topics, since })
    expect(told(client)).toEqual(['connected', 'm1', 'ok', '(m2)', 'ok'])
    await client.close()
  })

  it('leaves out what came by a topic that was dropped, also where another topic holds it', async () => {
    const scene = new Scene(server.url)
    const added = unique('t')
    const client = await connected(scene, [scene.topic])
    const since = client.connected.cursor
    await scene.send('both', { topics: [scene.topic, added] })
    await client.next('message')
    await client.ask({ op: 'unsubscribe', topics: [scene.topic] })
    await scene.send('both too', { topics: [scene.topic, added] })
    await client.ask({ op: 'subscribe', topics: [added], since })
    expect(told(client)).toEqual(['connected', 'both', 'ok', '(both too)', 'ok'])
    await client.close()
  })

  it('sends what came before the topic that it was also for was added', async () => {
    const scene = new Scene(server.url)
    const added = unique('t')
    const since = await scene.cursorNow()
    await scene.send('both', { topics: [scene.topic, added] })
    const client = await connected(scene)
    await client.ask({ op: 'subscribe', topics: [scene.topic] })
    await client.ask({ op: 'subscribe', topics: [added], since })
    expect(told(client)).toEqual(['connected', 'ok', '(both)', 'ok'])
    await client.close()
  })

  it('reaches further back on a topic that is there already', async () => {
    const scene = new Scene(server.url)
    const topics = [scene.topic]
    const since = await scene.cursorNow()
    await scene.toTopic('m1')
    const client = await connected(scene, topics)
    await scene.toTopic('m2')
    await client.next('message')
    await client.ask({ op: 'subscribe', topics, since })
    await scene.toTopic('m3')
    await client.next('message')
    await client.next('message')
    expect(told(client)).toEqual(['connected', 'm2', '(m1)', 'ok', 'm3'])
    await client.close()
  })

  it('joins the past and the present without a gap while others publish', async () => {
    const scene = new Scene(server.url)
    const all = names('m', 150)
    const since = await scene.cursorNow()
    const client = await connected(scene)
    const publishing = (async () => {
      for (const name of all) await scene.toTopic(name)
    })()
    const answer = await client.ask({ op: 'subscribe', topics: [scene.topic], since })
    await publishing
    const story = () => told(client).filter((part) => part !== 'connected')
    await client.frames.next('the last', ({ message }) => message?.payload === 'm150')
    const past = story().slice(0, story().indexOf('ok'))
    const present = story().slice(past.length + 1)
    expect([...past, ...present]).toEqual([
      ...inBrackets(all.slice(0, past.length)),
      ...all.slice(past.length),
    ])
    expect(answer.resync).toBe(false)
    await client.close()
  })

  it('sends more than a page', async () => {
    const scene = new Scene(server.url)
    const since = await scene.cursorNow()
    await scene.fill('m', KEPT, { topics: [scene.topic] })
    const client = await connected(scene)
    const answer = await client.ask({ op: 'subscribe', topics: [scene.topic], since })
    expect(answer.resync).toBe(false)
    expect(told(client)).toEqual(['connected', ...inBrackets(names('m', KEPT)), 'ok'])
    await client.close()
  })
})

describe('the `ok` of a `subscribe` with `since`', () => {
  it('says `evicted` where the topic has lost something since, and all that is left comes', async () => {
    const scene = new Scene(server.url)
    const since = await scene.cursorNow()
    await scene.fill('m', KEPT + 5, { topics: [scene.topic] })
    const client = await connected(scene)
    const answer = await client.ask({ op: 'subscribe', topics: [scene.topic], since })
    expect(answer).toMatchObject({ op: 'ok', resync: true, reason: 'evicted' })
    const kept = inBrackets(names('m', KEPT + 5).slice(5))
    expect(told(client)).toEqual(['connected', ...kept, 'ok'])
    await client.close()
  })

  it("says nothing of other topics' losses", async () => {
    const scene = new Scene(server.url)
    const since = await scene.cursorNow()
    await scene.fill('m', KEPT + 5, { topics: [unique('t')] })
    await scene.toTopic('m1')
    const client = await connected(scene)
    const answer = await client.ask({ op: 'subscribe', topics: [scene.topic], since })
    expect(answer).toMatchObject({ op: 'ok', resync: false })
    await client.close()
  })

  it.each([
    ['of another epoch', ofOtherEpoch],
    ['ahead of the log', aheadOf],
  ])('says `epoch` for a cursor %s, and all that is retained comes', async (_kind, change) => {
    const scene = new Scene(server.url)
    await scene.toTopic('m1')
    const since = change((await scene.toTopic('m2')).cursor)
    const client = await connected(scene)
    const answer = await client.ask({ op: 'subscribe', topics: [scene.topic], since })
    expect(answer).toMatchObject({ op: 'ok', resync: true, reason: 'epoch' })
    expect(answer.cursor).not.toBe(since)
    expect(told(client)).toEqual(['connected', '(m1)', '(m2)', 'ok'])
    await client.close()
  })

  it('says `forced` where a resync was forced on the topic since', async () => {
    const scene = new Scene(server.url)
    const since = await scene.cursorNow()
    await scene.toTopic('m1')
    await scene.force({ topics: [scene.topic] })
    await scene.toTopic('m2')
    const client = await connected(scene)
    const answer = await client.ask({ op: 'subscribe', topics: [scene.topic], since })
    expect(answer).toMatchObject({ op: 'ok', resync: true, reason: 'forced' })
    expect(told(client)).toEqual(['connected', '(m1)', '(m2)', 'ok'])
    await client.close()
  })

  it.each([
    ['0', ['(m1)', '(m2)']],
    ['now', []],
  ])('never says resync for %j', async (since, caughtUp) => {
    const scene = new Scene(server.url)
    await scene.toTopic('m1')
    await scene.force({ topics: [scene.topic] })
    await scene.toTopic('m2')
    const client = await connected(scene)
    const answer = await client.ask({ op: 'subscribe', topics: [scene.topic], since })
    expect(answer).toMatchObject({ op: 'ok', resync: false })
    await scene.toTopic('live')
    await client.frames.next('the live one', ({ message }) => message?.payload === 'live')
    expect(told(client)).toEqual(['connected', ...caughtUp, 'ok', 'live'])
    await client.close()
  })
})
