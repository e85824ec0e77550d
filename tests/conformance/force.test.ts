import { describe, expect, it } from '@jest/globals'
import { CURSOR, isLater } from '../support/patterns.js'
import { headOf, isAddressed, type Message, person, readAddressed } from '../support/person.js'
import { SocketClient } from '../support/SocketClient.js'
import { StreamClient } from '../support/StreamClient.js'
import { waitFor } from '../support/waitFor.js'
import { target, unique } from './target.js'

const server = target()
const someone = (...roles: string[]) => person(server.url, unique('u'), roles)

async function streamOf(token: string, since?: string): Promise<StreamClient> {
  return StreamClient.open(server.url, { token, query: since === undefined ? {} : { since } })
}

describe('a force without an audience', () => {
  it.each<[string, unknown]>([
    ['no body', undefined],
    ['an empty object', {}],
  ])('is taken with %s and goes to the caller’s own connections', async (_what, body) => {
    const { api, token, userId } = someone()
    const socket = await SocketClient.connect(server.url, { token })
    const twin = await SocketClient.connect(server.url, { token: `dev:${userId}:editor` })
    const stream = await streamOf(token)
    await stream.next('connected')
    const forced = await api.force(body)
    expect(forced.status).toBe(202)
    expect(forced.body).toEqual({
      success: true,
      cursor: expect.stringMatching(CURSOR),
      recipients: 3,
    })
    const { cursor } = forced.body
    for (const connection of [socket, twin]) {
      expect(await connection.next('resync')).toEqual({ op: 'resync', reason: 'forced', cursor })
      await connection.close()
    }
    expect(await stream.next('resync')).toMatchObject({
      id: cursor,
      data: { reason: 'forced', cursor },
    })
    stream.close()
  })

  it('is taken while nobody listens', async () => {
    const { status, body } = await someone().api.force()
    expect(status).toBe(202)
    expect(body.recipients).toBe(0)
  })

  it('reaches live connections in order with messages', async () => {
    const { api, token } = someone()
    const socket = await SocketClient.connect(server.url, { token })
    const stream = await streamOf(token)
    await stream.next('connected')
    await api.send({ type: 'first' })
    await api.force()
    await api.send({ type: 'second' })
    await api.force()
    await api.send({ type: 'third' })
    await socket.frames.next('the third', ({ message }) => message?.type === 'third')
    await stream.events.next('the third', ({ data }) => data?.type === 'third')
    const expected = ['first', 'forced', 'second', 'forced', 'third']
    const frames = socket.frames.all.filter(({ op }) => op === 'message' || op === 'resync')
    expect(frames.map(({ message, reason }) => message?.type ?? reason)).toEqual(expected)
    const events = stream.events.all.filter(
      ({ event }) => event === 'message' || event === 'resync',
    )
    expect(events.map(({ data }) => data.type ?? data.reason)).toEqual(expected)
    await socket.close()
    stream.close()
  })

  it('ends a held poll', async () => {
    const { api } = someone()
    const held = await waitFor('a held poll to be counted', async () => {
      const since = await headOf(api)
      const poll = api.poll({ since, wait: 25 })
      // One more round trip, so that the poll is there first.
      await headOf(api)
      const { body } = await api.force()
      const answer = await poll
      return body.recipients === 1 ? answer : undefined
    })
    expect(held.body).toMatchObject({ resync: true, reason: 'forced', messages: [], count: 0 })
  })
})

describe('one who reads across a forced entry', () => {
  it('is told once by poll, without rewinding', async () => {
    const { api } = someone()
    await api.send({ type: 'before' })
    const since = await headOf(api)
    const forced = await api.force()
    await api.send({ type: 'after' })
    const told = await api.poll({ since })
    expect(told.body).toMatchObject({ resync: true, reason: 'forced' })
    const messages: Message[] = told.body.messages.filter(isAddressed)
    expect(messages.map(({ type }) => type)).toEqual(['after'])
    expect(isLater(told.body.cursor, forced.body.cursor)).toBe(true)
    const next = await api.poll({ since: told.body.cursor })
    expect(next.body.resync).toBe(false)
    expect(next.body).not.toHaveProperty('reason')
  })

  it('is told at once, however long it would wait', async () => {
    const { api } = someone()
    const since = await headOf(api)
    const { body: forced } = await api.force()
    const { body } = await api.poll({ since, wait: 25 })
    expect(body).toMatchObject({ resync: true, reason: 'forced', messages: [] })
    expect(body.cursor).toBe(forced.cursor)
  })

  it('is told once by a socket, when it connects', async () => {
    const { api, token } = someone()
    const since = await headOf(api)
    await api.force()
    const told = await SocketClient.connect(server.url, { token, since })
    expect(told.connected).toMatchObject({ resync: true, reason: 'forced' })
    await api.send({ type: 'after' })
    const { message } = await told.next('message')
    expect(told.frames.all.map(({ op }) => op)).not.toContain('resync')
    await told.close()
    const next = await SocketClient.connect(server.url, { token, since: message.cursor })
    expect(next.connected.resync).toBe(false)
    await next.close()
  })

  it('is told once by a stream, when it connects', async () => {
    const { api, token } = someone()
    const since = await headOf(api)
    await api.force()
    const told = await streamOf(token, since)
    expect((await told.next('connected')).data).toMatchObject({ resync: true, reason: 'forced' })
    await api.send({ type: 'after' })
    const { id } = await told.next('message')
    expect(told.events.all.map(({ event }) => event)).not.toContain('resync')
    told.close()
    const next = await streamOf(token, id)
    expect((await next.next('connected')).data.resync).toBe(false)
    next.close()
  })

  it.each(['0', 'now'])('from since=%s had no position to lose', async (since) => {
    const { api, token } = someone()
    await api.send({ type: 'before' })
    await api.force()
    await api.send({ type: 'after' })
    const polled = await api.poll({ since })
    expect(polled.body.resync).toBe(false)
    const socket = await SocketClient.connect(server.url, { token, since })
    expect(socket.connected.resync).toBe(false)
    const stream = await streamOf(token, since)
    expect((await stream.next('connected')).data.resync).toBe(false)
    await socket.close()
    stream.close()
  })

  it('never gets it as a message', async () => {
    const { api } = someone()
    await api.force()
    const { body } = await api.send({ type: 'marker' })
    expect((await readAddressed(api)).map(({ id }) => id)).toEqual([body.messageId])
  })
})
