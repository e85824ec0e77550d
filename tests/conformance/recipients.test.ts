import { describe, expect, it } from '@jest/globals'
import { headOf, person } from '../support/person.js'
import { SocketClient } from '../support/SocketClient.js'
import { StreamClient } from '../support/StreamClient.js'
import { waitFor } from '../support/waitFor.js'
import { target, unique } from './target.js'

const server = target()
const someone = (...roles: string[]) => person(server.url, unique('u'), roles)

async function recipientsOf(audience: object): Promise<number> {
  const { body } = await someone('admin').api.broadcast({ type: 'test', ...audience })
  return body.recipients
}

const socketOf = (token: string, topics: readonly string[] = []) =>
  SocketClient.connect(server.url, { token, topics })

async function streamOf(token: string): Promise<StreamClient> {
  const stream = await StreamClient.open(server.url, { token })
  await stream.next('connected')
  return stream
}

describe('recipients', () => {
  it('counts connections, not users', async () => {
    const { token, userId } = someone()
    const sockets = [await socketOf(token), await socketOf(token)]
    const stream = await streamOf(token)
    expect(await recipientsOf({ userId })).toBe(3)
    stream.close()
    for (const socket of sockets) await socket.close()
  })

  it('counts holders of a role', async () => {
    const role = unique('role')
    const sockets = [
      await socketOf(someone(role).token),
      await socketOf(someone('other', role).token),
      await socketOf(someone(`${role}s`).token),
    ]
    expect(await recipientsOf({ roles: [role] })).toBe(2)
    for (const socket of sockets) await socket.close()
  })

  it('counts a subscriber of several of the topics once', async () => {
    const topics = [unique('a'), unique('b')]
    const both = await socketOf(someone().token, topics)
    const one = await socketOf(someone().token, topics.slice(1))
    const none = await socketOf(someone().token)
    expect(await recipientsOf({ topics })).toBe(2)
    for (const socket of [both, one, none]) await socket.close()
  })

  it('follows what a socket subscribes to and unsubscribes from', async () => {
    const topics = [unique('topic')]
    const socket = await socketOf(someone().token)
    expect(await recipientsOf({ topics })).toBe(0)
    expect(await socket.ask({ op: 'subscribe', topics })).toMatchObject({ op: 'ok' })
    expect(await recipientsOf({ topics })).toBe(1)
    expect(await socket.ask({ op: 'unsubscribe', topics })).toMatchObject({ op: 'ok' })
    expect(await recipientsOf({ topics })).toBe(0)
    await socket.close()
  })

  it('leaves out connections of labels', async () => {
    const topics = [unique('topic')]
    const { token, userId } = someone()
    const addressed = await socketOf(token)
    const labelled = await socketOf(someone().token, topics)
    expect(await recipientsOf({ userId, topics })).toBe(1)
    for (const socket of [addressed, labelled]) await socket.close()
  })

  it('counts everyone by default', async () => {
    const sockets = [await socketOf(someone().token), await socketOf(someone().token)]
    expect(await recipientsOf({})).toBeGreaterThanOrEqual(2)
    for (const socket of sockets) await socket.close()
  })

  it('stops counting what has closed', async () => {
    const { token, userId } = someone()
    const socket = await socketOf(token)
    const stream = await streamOf(token)
    expect(await recipientsOf({ userId })).toBe(2)
    await socket.close()
    stream.close()
    await waitFor('both to be gone', async () => (await recipientsOf({ userId })) === 0)
  })

  it('counts a held poll', async () => {
    const { api, userId } = someone()
    await waitFor('a poll to be counted', async () => {
      const held = api.poll({ since: await headOf(api), wait: 20 })
      // One more round trip, so that the poll is there first.
      await headOf(api)
      const recipients = await recipientsOf({ userId })
      await held
      return recipients === 1
    })
  })

  it('leaves out interval polls', async () => {
    const { api, userId } = someone()
    const polls = Array.from({ length: 5 }, () => api.poll())
    await Promise.all(polls)
    expect(await recipientsOf({ userId })).toBe(0)
  })
})
