// Topics over every transport: what may not be read is named, and what is subscribed to while
// connected begins and ends without a gap or a repeat.

import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals'
import { Follower, requireNoGap, TRANSPORTS } from '../../support/Follower.js'
import { NumberedPublisher } from '../../support/NumberedPublisher.js'
import { closeOpenClients } from '../../support/openClients.js'
import { startTestServer, type TestServer } from '../../support/testServer.js'

let server: TestServer
beforeAll(async () => {
  server = await startTestServer({
    maxMessagesPerAudience: 10_000,
    authorizeTopic: (_, topic) => !topic.startsWith('secret'),
  })
})
afterEach(closeOpenClients)
afterAll(() => server.close())

const publish = (topic: string, payload: unknown) =>
  server.server.publish({ type: 'a', payload, topics: [topic] })

function publisherTo(topic: string): NumberedPublisher {
  const { server: sync } = server
  return new NumberedPublisher({
    publish: (message) => sync.publish({ ...message, topics: [topic] }),
  })
}

/** The numbers fall into this many runs without a gap, each after the one before it. */
function requireRuns(numbers: readonly number[], runs: number): void {
  const starts = numbers.flatMap((n, index) => (n === (numbers[index - 1] ?? -2) + 1 ? [] : index))
  expect(starts.length).toBeLessThanOrEqual(runs)
  for (const [index, start] of starts.entries()) {
    requireNoGap(numbers.slice(start, starts[index + 1]))
    if (start > 0) expect(numbers[start]).toBeGreaterThan(numbers[start - 1] as number)
  }
}

describe.each(TRANSPORTS)('over %s', (name) => {
  const start = (topics: readonly string[]) =>
    Follower.start({ baseUrl: server.url, transports: [name], topics })

  it('names the topics that are denied, and reads the others', async () => {
    const follower = await start(['secret.a', 'open', 'secret.b'])
    expect([...follower.snapshot.denied].sort()).toEqual(['secret.a', 'secret.b'])
    expect(follower.snapshot.topics).toEqual(['secret.a', 'open', 'secret.b'])
    await publish('secret.a', 'hidden')
    await publish('open', 'seen')
    await follower.until('the message', () => follower.messages.length > 0)
    expect(follower.payloads).toEqual(['seen'])
  })

  it('reads on where a topic is added that is denied, and names it', async () => {
    const follower = await start(['open'])
    follower.manager.subscribe(['secret.c', 'other'])
    await follower.until('the denial', () => follower.snapshot.denied.length === 1)
    expect(follower.snapshot.denied).toEqual(['secret.c'])
    await publish('secret.c', 'hidden')
    await publish('open', 1)
    await publish('other', 2)
    await follower.until('both messages', () => follower.messages.length === 2)
    expect(follower.payloads).toEqual([1, 2])
    expect(follower.errors).toEqual([])
  })

  it('subscribes and unsubscribes under a steady stream without a gap or a repeat', async () => {
    const publishers = { kept: publisherTo(`kept-${name}`), other: publisherTo(`other-${name}`) }
    const topic = `other-${name}`
    const follower = await start([`kept-${name}`])
    const { manager } = follower
    try {
      for (const publisher of Object.values(publishers)) publisher.start()
      await follower.until('the first', () => follower.numbers().length > 10)
      expect(follower.numbers(topic)).toEqual([])
      for (const round of [1, 2, 3]) {
        const { length } = follower.numbers(topic)
        const { count } = publishers.other
        manager.subscribe([topic])
        await follower.until('some', () => follower.numbers(topic).length > length + 20)
        // From here on: nothing published after the call is missing.
        expect(follower.numbers(topic)[length]).toBeLessThanOrEqual(count + 1)
        manager.unsubscribe([topic])
        const atEnd = follower.numbers(topic).length
        const kept = follower.numbers(`kept-${name}`).length
        await follower.until('more of the kept topic', () => {
          return follower.numbers(`kept-${name}`).length > kept + 10
        })
        expect(follower.numbers(topic).length).toBe(atEnd)
        requireRuns(follower.numbers(topic), round)
      }
    } finally {
      for (const publisher of Object.values(publishers)) await publisher.stop()
    }
    const last = publishers.kept.count - 1
    await follower.until('the last', () => follower.numbers(`kept-${name}`).at(-1) === last)
    requireNoGap(follower.numbers(`kept-${name}`))
    expect(follower.resyncs).toEqual([])
  })

  it('gives what an added topic held only once, also over the next connection', async () => {
    const follower = await start([])
    await publish('held', 1)
    follower.manager.subscribe(['held'])
    await publish('held', 2)
    await follower.until('the topic', () => follower.payloads.includes(2))
    // What was said after it has arrived by the time that another client is connected.
    await start([])
    follower.manager.disconnect()
    follower.manager.connect()
    await follower.connected()
    await publish('held', 3)
    await follower.until('the last', () => follower.payloads.includes(3))
    expect(follower.payloads.filter((payload) => payload !== 1)).toEqual([2, 3])
    expect(follower.payloads.filter((payload) => payload === 1).length).toBeLessThanOrEqual(1)
  })

  it('keeps what is subscribed to over a new connection, and counts subscriptions', async () => {
    const follower = await start([])
    follower.manager.subscribe(['shared'])
    follower.manager.subscribe(['shared'])
    follower.manager.unsubscribe(['shared'])
    follower.manager.reconnect()
    await publish('shared', 1)
    await follower.until('the message', () => follower.messages.length > 0)
    follower.manager.unsubscribe(['shared'])
    await publish('shared', 2)
    await server.server.publish({ type: 'a', payload: 3 })
    await follower.until('the last', () => follower.payloads.includes(3))
    expect(follower.payloads).toEqual([1, 3])
  })
})
