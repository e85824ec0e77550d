// Topics that come and go on a live WebSocket.

import { describe, expect, it } from '@jest/globals'
import { SocketClient } from '../support/SocketClient.js'
import { names, Scene } from './scene.js'
import { target, unique } from './target.js'

const server = target()

const connected = ({ token }: Scene, topics: readonly string[] = []) =>
  SocketClient.connect(server.url, { token, topics })

const INVALID = { op: 'error', code: 'invalid_request' }

describe('a `subscribe`', () => {
  it('adds topics from here on', async () => {
    const scene = new Scene(server.url)
    const client = await connected(scene)
    await scene.toTopic('before')
    expect(await client.ask({ op: 'subscribe', topics: [scene.topic] })).toMatchObject({ op: 'ok' })
    await scene.toTopic('after')
    await client.next('message')
    expect(client.frames.all.filter(({ op }) => op === 'message')).toEqual([
      { op: 'message', message: expect.objectContaining({ payload: 'after' }) },
    ])
    await client.close()
  })

  it('keeps the topics that were there', async () => {
    const scene = new Scene(server.url)
    const client = await connected(scene, [scene.topic])
    const added = unique('t')
    await client.ask({ op: 'subscribe', topics: [added] })
    await scene.toTopic('m1')
    await scene.send('m2', { topics: [added] })
    await scene.send('m3', { topics: [scene.topic, added] })
    await scene.toUser('end')
    const heard = []
    while (heard.at(-1) !== 'end') heard.push((await client.next('message')).message.payload)
    expect(heard).toEqual(['m1', 'm2', 'm3', 'end'])
    await client.close()
  })

  it('takes back what a topic was for by `unsubscribe`', async () => {
    const scene = new Scene(server.url)
    const kept = unique('t')
    const client = await connected(scene, [scene.topic, kept])
    const dropping = { op: 'unsubscribe', topics: [scene.topic, unique('never')] }
    expect(await client.ask(dropping)).toMatchObject({ op: 'ok' })
    await scene.toTopic('dropped')
    await scene.send('kept', { topics: [kept] })
    expect((await client.next('message')).message.payload).toBe('kept')
    await client.ask({ op: 'subscribe', topics: [scene.topic] })
    await scene.toTopic('back')
    expect((await client.next('message')).message.payload).toBe('back')
    await client.close()
  })

  it('has at most 50 topics on a connection', async () => {
    const scene = new Scene(server.url)
    const client = await connected(scene, names('t', 49))
    const subscribe = (...topics: string[]) => client.ask({ op: 'subscribe', topics })
    expect(await subscribe('t50', 't51')).toMatchObject(INVALID)
    expect(await subscribe('t50')).toMatchObject({ op: 'ok' })
    expect(await subscribe('t51')).toMatchObject(INVALID)
    // What is there already is no further one.
    expect(await subscribe('t1', 't50')).toMatchObject({ op: 'ok' })
    await client.ask({ op: 'unsubscribe', topics: ['t1'] })
    expect(await subscribe('t51')).toMatchObject({ op: 'ok' })
    await client.close()
  })

  it('has at most 4,096 bytes of topics on a connection', async () => {
    const scene = new Scene(server.url)
    const long = [...names('t'.repeat(198), 9), ...names('s'.repeat(198), 9), 'r'.repeat(199)]
    const client = await connected(scene, long)
    const subscribe = (...topics: string[]) => client.ask({ op: 'subscribe', topics })
    const bytesLeft = 4096 - long.join(',').length
    expect(await subscribe('a'.repeat(200), 'b'.repeat(200), 'c'.repeat(200))).toMatchObject(
      INVALID,
    )
    expect(await subscribe('a'.repeat(200), 'b'.repeat(bytesLeft - 202))).toMatchObject({
      op: 'ok',
    })
    expect(await subscribe('c'.repeat(100))).toMatchObject(INVALID)
    await client.close()
  })

  it('that is refused leaves the connection as it was', async () => {
    const scene = new Scene(server.url)
    const client = await connected(scene, [scene.topic])
    const added = unique('t')
    expect(await client.ask({ op: 'subscribe', topics: [added, '*'] })).toMatchObject(INVALID)
    await scene.send('unheard', { topics: [added] })
    await scene.toTopic('heard')
    expect((await client.next('message')).message.payload).toBe('heard')
    await client.close()
  })
})
