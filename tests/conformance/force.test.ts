import { describe, expect, it } from '@jest/globals'
import { CURSOR } from '../support/patterns.js'
import { headOf, person } from '../support/person.js'
import { SocketClient } from '../support/SocketClient.js'
import { StreamClient } from '../support/StreamClient.js'
import { target, unique } from './target.js'

const server = target()
const someone = (...roles: string[]) => person(server.url, unique('u'), roles)

describe('a force without an audience', () => {
  it.each<[string, unknown]>([
    ['no body', undefined],
    ['an empty object', {}],
  ])('is taken with %s and goes to the caller’s own connections', async (_what, body) => {
    const { api, token, userId } = someone()
    const socket = await SocketClient.connect(server.url, { token })
    const twin = await SocketClient.connect(server.url, { token: `dev:${userId}:editor` })
    const stream = await StreamClient.open(server.url, { token })
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

  it('is told at once to one who reads across it, however long that would wait', async () => {
    const { api } = someone()
    const since = await headOf(api)
    const { body: forced } = await api.force()
    const { body } = await api.poll({ since, wait: 25 })
    expect(body).toMatchObject({ resync: true, reason: 'forced', messages: [] })
    expect(body.cursor).toBe(forced.cursor)
  })
})
