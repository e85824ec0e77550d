// Publishing over a WebSocket, and a live connection that gets another token.

import { describe, expect, it } from '@jest/globals'
import { SocketClient } from '../support/SocketClient.js'
import { CURSOR, Scene } from './scene.js'
import { target, unique } from './target.js'

const server = target()

const connected = (token: string, topics: readonly string[] = []) =>
  SocketClient.connect(server.url, { token, topics })

describe('a `send`', () => {
  it('is answered with the id and the cursor of the message', async () => {
    const scene = new Scene(server.url)
    const client = await connected(scene.token)
    const answer = await client.ask({ op: 'send', message: { type: 'test', payload: 'm1' } })
    expect(answer).toMatchObject({
      op: 'ok',
      messageId: expect.any(String),
      cursor: expect.stringMatching(CURSOR),
      duplicate: false,
    })
    const { message } = await client.next('message')
    expect(message).toMatchObject({
      id: answer.messageId,
      cursor: answer.cursor,
      userId: scene.user,
      payload: 'm1',
    })
    await client.close()
  })

  it('with a known idempotencyKey publishes nothing again', async () => {
    const scene = new Scene(server.url)
    const client = await connected(scene.token)
    const message = { type: 'test', payload: 'm1', idempotencyKey: unique('key') }
    const first = await client.ask({ op: 'send', message })
    const second = await client.ask({ op: 'send', message })
    const { messageId, cursor } = first
    expect(second).toMatchObject({ op: 'ok', messageId, cursor, duplicate: true })
    expect(await client.ask({ op: 'send', message: { ...message, payload: 'm2' } })).toMatchObject({
      op: 'error',
      code: 'idempotency_conflict',
    })
    // The same key over HTTP is the same key.
    const { idempotencyKey, ...body } = message
    const third = await scene.api.send(body, { 'Idempotency-Key': idempotencyKey })
    expect(third).toMatchObject({ status: 200, body: { messageId, cursor, duplicate: true } })
    await scene.toUser('end')
    await client.next('message')
    expect((await client.next('message')).message.payload).toBe('end')
    await client.close()
  })

  it('goes where the sender may publish, and nowhere else', async () => {
    const scene = new Scene(server.url)
    const client = await connected(scene.token)
    const admin = await connected(`dev:${unique('a')}:admin`)
    for (const audience of [{ userId: unique('u') }, { roles: [scene.role] }]) {
      const message = { type: 'test', ...audience }
      expect(await client.ask({ op: 'send', message })).toMatchObject({
        op: 'error',
        code: 'forbidden',
      })
      expect(await admin.ask({ op: 'send', message })).toMatchObject({ op: 'ok' })
    }
    const own = { type: 'test', userId: scene.user }
    expect(await client.ask({ op: 'send', message: own })).toMatchObject({ op: 'ok' })
    await client.close()
    await admin.close()
  })

  it.each([
    { type: '' },
    { type: 'sync.reserved' },
    { payload: 'no type' },
    { type: 'test', unknown: 1 },
    { type: 'test', userId: null },
    { type: 'test', userId: '' },
    { type: 'test', roles: [] },
    { type: 'test', topics: ['*'] },
    { type: 'test', payload: { text: '\ud800' } },
    { type: 'test', idempotencyKey: '' },
  ])(
    'of a bad message is `error` invalid_message, and the connection stays: %j',
    async (message) => {
      const client = await connected(`dev:${unique('u')}:admin`)
      expect(await client.ask({ op: 'send', message })).toMatchObject({
        op: 'error',
        code: 'invalid_message',
      })
      expect(await client.ask({ op: 'ping' })).toMatchObject({ op: 'ok' })
      await client.close()
    },
  )
})

describe('a `refresh`', () => {
  it('gives a live connection the rights of its new token from then on', async () => {
    const scene = new Scene(server.url)
    const plain = `dev:${scene.user}`
    const client = await connected(plain)
    await scene.toRole('before')
    expect(await client.ask({ op: 'refresh', token: scene.token })).toMatchObject({ op: 'ok' })
    await scene.toRole('while')
    await scene.toUser('m1')
    expect(await client.ask({ op: 'refresh', token: plain })).toMatchObject({ op: 'ok' })
    await scene.toRole('after')
    await scene.toUser('end')
    const heard = [await client.next('message'), await client.next('message')]
    heard.push(await client.next('message'))
    expect(heard.map(({ message }) => message.payload)).toEqual(['while', 'm1', 'end'])
    await client.close()
  })

  it('gives and takes the right to publish', async () => {
    const scene = new Scene(server.url)
    const plain = `dev:${scene.user}`
    const client = await connected(plain)
    const message = { type: 'test', topics: [scene.topic] }
    const send = () => client.ask({ op: 'send', message })
    expect(await send()).toMatchObject({ op: 'error', code: 'forbidden' })
    await client.ask({ op: 'refresh', token: `${plain}:admin` })
    expect(await send()).toMatchObject({ op: 'ok' })
    await client.ask({ op: 'refresh', token: plain })
    expect(await send()).toMatchObject({ op: 'error', code: 'forbidden' })
    await client.close()
  })

  it('keeps the topics that the new token still grants', async () => {
    const scene = new Scene(server.url)
    const client = await connected(scene.token, [scene.topic])
    await client.ask({ op: 'refresh', token: `dev:${scene.user}` })
    await scene.toTopic('m1')
    expect((await client.next('message')).message.payload).toBe('m1')
    await client.close()
  })

  it.each([
    ['of another user', () => `dev:${unique('u')}`],
    ['that is wrong', () => 'wrong'],
  ])('with a token %s ends the connection with 4501', async (_what, token) => {
    const client = await connected(`dev:${unique('u')}`)
    client.send({ op: 'refresh', token: token(), ref: 1 })
    expect((await client.closed).code).toBe(4501)
    expect(client.frames.all.map(({ op }) => op)).not.toContain('ok')
  })

  it('does nothing to other connections of the same user', async () => {
    const scene = new Scene(server.url)
    const refreshed = await connected(`dev:${scene.user}`)
    const other = await connected(`dev:${scene.user}`)
    await refreshed.ask({ op: 'refresh', token: scene.token })
    await scene.toRole('for the role')
    await scene.toUser('end')
    expect((await refreshed.next('message')).message.payload).toBe('for the role')
    expect((await other.next('message')).message.payload).toBe('end')
    await refreshed.close()
    await other.close()
  })
})
