import { describe, expect, it } from '@jest/globals'
import { headOf, type Person, person } from '../support/person.js'
import { SocketClient } from '../support/SocketClient.js'
import { target, unique } from './target.js'

const server = target()
const someone = (...roles: string[]) => person(server.url, unique('u'), roles)

describe('the audience of a force', () => {
  type Named = { self: Person; role: string; topic: string }

  const AUDIENCES: [string, (named: Named) => object][] = [
    ['userId', ({ self }) => ({ userId: self.userId })],
    ['roles', ({ role }) => ({ roles: [unique('r'), role] })],
    ['topics', ({ topic }) => ({ topics: [unique('t'), topic] })],
    ['userId rather than topics', ({ self }) => ({ userId: self.userId, topics: [unique('t')] })],
  ]

  it.each(AUDIENCES)('is %s, live and for later readers, and nobody else', async (_what, make) => {
    const [role, topic] = [unique('role'), unique('topic')]
    const [self, other] = [someone(role), someone(`${role}s`)]
    const since = await headOf(self.api)
    const socket = await SocketClient.connect(server.url, { token: self.token, topics: [topic] })
    const { status, body } = await someone('admin').api.force(make({ self, role, topic }))
    expect(status).toBe(202)
    expect(body.recipients).toBe(1)
    expect(await socket.next('resync')).toMatchObject({ reason: 'forced', cursor: body.cursor })
    const told = await self.api.poll({ since, topics: topic })
    expect(told.body).toMatchObject({ resync: true, reason: 'forced' })
    expect((await other.api.poll({ since, topics: `${topic}s` })).body.resync).toBe(false)
    await socket.close()
  })

  it('may be everyone', async () => {
    const [one, two] = [someone(), someone()]
    const since = await headOf(one.api)
    const socket = await SocketClient.connect(server.url, { token: one.token })
    const { status, body } = await someone('admin').api.force({ everyone: true })
    expect(status).toBe(202)
    expect(body.recipients).toBeGreaterThanOrEqual(1)
    expect(await socket.next('resync')).toMatchObject({ reason: 'forced' })
    expect((await two.api.poll({ since })).body).toMatchObject({ resync: true, reason: 'forced' })
    await socket.close()
  })

  it.each<[string, (self: string) => object]>([
    ['everyone with a user', (self) => ({ everyone: true, userId: self })],
    ['everyone with roles', () => ({ everyone: true, roles: ['editor'] })],
    ['everyone with topics', () => ({ everyone: true, topics: ['a'] })],
    ['everyone in words', () => ({ everyone: 'yes' })],
    ['an empty userId', () => ({ userId: '' })],
    ['a null userId', () => ({ userId: null })],
    ['no roles', () => ({ roles: [] })],
    ['null topics', () => ({ topics: null })],
    ['a topic that is a pattern', () => ({ topics: ['*'] })],
    ['an unknown field', (self) => ({ userid: self })],
  ])('is refused as %s, and nobody is told', async (_what, make) => {
    const self = someone('admin')
    const since = await headOf(self.api)
    const socket = await SocketClient.connect(server.url, { token: self.token })
    const { status, body } = await self.api.force(make(self.userId))
    expect(status).toBe(400)
    expect(body.error.code).toMatch(/^invalid_(message|request)$/)
    await self.api.send({ type: 'marker' })
    await socket.next('message')
    expect(socket.frames.all.map(({ op }) => op)).not.toContain('resync')
    expect((await self.api.poll({ since })).body.resync).toBe(false)
    await socket.close()
  })

  it('may be the caller by name, for anybody', async () => {
    const { api, userId } = someone()
    expect((await api.force({ userId })).status).toBe(202)
  })

  it.each<[string, object]>([
    ['another user', { userId: 'someone-else' }],
    ['roles', { roles: ['editor'] }],
    ['topics', { topics: ['batch:1'] }],
    ['everyone', { everyone: true }],
  ])('is forbidden to be %s without the role admin', async (_what, audience) => {
    const self = someone('editor')
    const since = await headOf(self.api)
    const { status, body } = await self.api.force(audience)
    expect(status).toBe(403)
    expect(body.error.code).toBe('forbidden')
    expect((await self.api.poll({ since, topics: 'batch:1' })).body.resync).toBe(false)
  })
})
