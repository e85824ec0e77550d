import { describe, expect, it } from '@jest/globals'
import { findMessage, type Message, type Person, person, publishedBy } from '../support/person.js'
import { doorNames, publishDoors } from '../support/publishDoors.js'
import { SocketClient } from '../support/SocketClient.js'
import { StreamClient } from '../support/StreamClient.js'
import { target, unique } from './target.js'

const server = target()
const someone = (...roles: string[]) => person(server.url, unique('u'), roles)

type ReaderName = 'sender' | 'user' | 'manager' | 'auditor' | 'subscriber' | 'follower' | 'stranger'

interface Reader extends Person {
  readonly topics: readonly string[]
}

/** Seven who read different audiences, and the names of those. */
function makeCast() {
  const [manager, auditor] = [unique('manager'), unique('auditor')]
  const [batch, order] = [unique('batch'), unique('order')]
  const reader = (topics: readonly string[], ...roles: string[]): Reader => ({
    ...someone(...roles),
    topics,
  })
  const readers: Record<ReaderName, Reader> = {
    sender: reader([], 'admin'),
    user: reader([]),
    manager: reader([], manager),
    auditor: reader([], auditor),
    subscriber: reader([batch]),
    follower: reader([order]),
    stranger: reader([unique('other')], unique('other')),
  }
  return { readers, manager, auditor, batch, order, userId: readers.user.userId }
}

type Cast = ReturnType<typeof makeCast>

const EVERYONE: ReaderName[] = [
  'sender',
  'user',
  'manager',
  'auditor',
  'subscriber',
  'follower',
  'stranger',
]

const PRECEDENCE: [string, (cast: Cast) => object, ReaderName[]][] = [
  ['userId', ({ userId }) => ({ userId }), ['user']],
  ['roles', ({ manager }) => ({ roles: [manager] }), ['manager']],
  ['several roles', (cast) => ({ roles: [cast.manager, cast.auditor] }), ['manager', 'auditor']],
  ['topics', ({ batch }) => ({ topics: [batch] }), ['subscriber']],
  ['several topics', (cast) => ({ topics: [cast.batch, cast.order] }), ['subscriber', 'follower']],
  ['userId and roles', ({ userId, manager }) => ({ userId, roles: [manager] }), ['user']],
  ['userId and topics', ({ userId, batch }) => ({ userId, topics: [batch] }), ['user']],
  ['roles and topics', (cast) => ({ roles: [cast.manager], topics: [cast.batch] }), ['manager']],
  [
    'userId, roles and topics',
    (cast) => ({ userId: cast.userId, roles: [cast.manager], topics: [cast.batch] }),
    ['user'],
  ],
]

async function seenInPolls({ readers }: Cast, id: string): Promise<ReaderName[]> {
  const seen = await Promise.all(
    EVERYONE.map((name) => findMessage(readers[name].api, id, readers[name].topics)),
  )
  return EVERYONE.filter((_name, index) => seen[index] !== undefined)
}

/** Who is sent what `publish` publishes while all are connected, each by a socket and a stream. */
async function seenLive({ readers }: Cast, publish: () => Promise<Message>): Promise<ReaderName[]> {
  const connected = await Promise.all(
    EVERYONE.map(async (name) => {
      const { token, topics } = readers[name]
      const socket = await SocketClient.connect(server.url, { token, topics })
      const query = topics.length > 0 ? { topics: topics.join(',') } : {}
      const stream = await StreamClient.open(server.url, { token, query })
      await stream.next('connected')
      return { name, socket, stream }
    }),
  )
  const { messageId } = await publish()
  const marker = await readers.sender.api.broadcast({ type: 'marker' })
  const isMarker = (message: Message) => message?.id === marker.body.messageId
  const seenBy: ReaderName[] = []
  for (const { name, socket, stream } of connected) {
    await socket.frames.next('the marker', ({ message }) => isMarker(message))
    await stream.events.next('the marker', ({ data }) => isMarker(data))
    const [bySocket, byStream] = [socket, stream].map(({ messages }) =>
      messages.some(({ id }) => id === messageId),
    )
    expect(byStream).toBe(bySocket)
    if (bySocket) seenBy.push(name)
    await socket.close()
    stream.close()
  }
  return seenBy
}

describe('an audience', () => {
  it.each(PRECEDENCE)('of %s is read by those alone in polls', async (_what, fields, expected) => {
    const cast = makeCast()
    const draft = { type: 'test', ...fields(cast) }
    for (const door of doorNames) {
      const { messageId = '' } = await publishDoors[door](
        server.url,
        cast.readers.sender.token,
        draft,
      )
      expect(await seenInPolls(cast, messageId)).toEqual(expected)
    }
  })

  it.each(PRECEDENCE)('of %s is sent to those alone live', async (_what, fields, expected) => {
    const cast = makeCast()
    const draft = { type: 'test', ...fields(cast) }
    const seen = await seenLive(cast, async () => (await cast.readers.sender.api.send(draft)).body)
    expect(seen).toEqual(expected)
  })

  it('is by default the sender alone for send', async () => {
    const cast = makeCast()
    const { api } = cast.readers.sender
    const seen = await seenLive(cast, async () => (await api.send({ type: 'test' })).body)
    expect(seen).toEqual(['sender'])
  })

  it('is by default everyone for broadcast', async () => {
    const cast = makeCast()
    const { api } = cast.readers.sender
    let id = ''
    const seen = await seenLive(cast, async () => {
      const { body } = await api.broadcast({ type: 'test' })
      id = body.messageId
      return body
    })
    expect(seen).toEqual(EVERYONE)
    expect(await seenInPolls(cast, id)).toEqual(EVERYONE)
    const message = await findMessage(api, id)
    for (const field of ['userId', 'roles', 'topics']) expect(message).not.toHaveProperty(field)
  })
})

describe('labels', () => {
  it('are the topics of a message to a user, and are told to that user', async () => {
    const { readers, userId, batch } = makeCast()
    const { body } = await readers.sender.api.send({ type: 'test', userId, topics: [batch] })
    const message = await findMessage(readers.user.api, body.messageId)
    expect(message).toMatchObject({ userId, topics: [batch] })
  })

  it('are the topics of a message to roles, and are told to their holders', async () => {
    const { readers, manager, batch } = makeCast()
    const draft = { type: 'test', roles: [manager], topics: [batch] }
    const { body } = await readers.sender.api.send(draft)
    const message = await findMessage(readers.manager.api, body.messageId)
    expect(message).toMatchObject({ roles: [manager], topics: [batch] })
  })

  it('may be put by anybody on a message to themselves', async () => {
    const { readers, batch, userId } = makeCast()
    const { status, body } = await readers.user.api.send({ type: 'test', userId, topics: [batch] })
    expect(status).toBe(201)
    expect(await findMessage(readers.user.api, body.messageId)).toBeDefined()
    const { api, topics } = readers.subscriber
    expect(await findMessage(api, body.messageId, topics)).toBeUndefined()
  })
})

describe('a reader of several audiences of one message', () => {
  it.each(['roles', 'topics'] as const)('gets it once: %s', async (kind) => {
    const names = [unique('a'), unique('b')]
    const holder = kind === 'roles' ? someone(...names) : someone()
    const topics = kind === 'topics' ? names : []
    const socket = await SocketClient.connect(server.url, { token: holder.token, topics })
    const draft = { type: 'test', [kind]: names, payload: holder.userId }
    const published = await publishedBy(holder, () => someone('admin').api.send(draft), topics)
    expect(published).toHaveLength(1)
    await socket.frames.next('the marker', ({ message }) => message?.type === 'marker')
    expect(socket.messages.filter(({ type }) => type === 'test')).toHaveLength(1)
    await socket.close()
  })
})

describe('names of roles and topics', () => {
  it.each<[string, (name: string) => string]>([
    ['in another case', (name) => name.toUpperCase()],
    ['with more at its end', (name) => `${name}s`],
    ['with more at its start', (name) => `non${name}`],
    ['cut short', (name) => name.slice(0, -1)],
  ])('are compared as they are: not %s', async (_what, change) => {
    const name = unique('n')
    const sender = someone('admin')
    const toRole = await sender.api.send({ type: 'test', roles: [name] })
    const toTopic = await sender.api.send({ type: 'test', topics: [name] })
    const other = someone(change(name))
    expect(await findMessage(other.api, toRole.body.messageId)).toBeUndefined()
    expect(await findMessage(other.api, toTopic.body.messageId, [change(name)])).toBeUndefined()
  })

  it('of one kind are not those of another', async () => {
    const name = unique('n')
    const { body } = await someone('admin').api.send({ type: 'test', topics: [name] })
    expect(await findMessage(someone(name).api, body.messageId)).toBeUndefined()
    expect(await findMessage(person(server.url, name).api, body.messageId)).toBeUndefined()
  })
})

describe('an audience field that is empty or null', () => {
  const FIELDS: [object][] = [
    [{ userId: '' }],
    [{ userId: null }],
    [{ roles: [] }],
    [{ roles: null }],
    [{ topics: [] }],
    [{ topics: null }],
    [{ roles: '' }],
    [{ roles: [null] }],
    [{ topics: [''] }],
  ]

  it.each(FIELDS)('never widens an audience, at any door: %j', async (fields) => {
    const reader = someone('admin')
    const published = await publishedBy(reader, async () => {
      for (const door of doorNames) {
        const draft = { type: 'test', payload: reader.userId, ...fields }
        const { code } = await publishDoors[door](server.url, reader.token, draft)
        expect(code).toBe('invalid_message')
      }
    })
    expect(published).toEqual([])
  })

  it.each(FIELDS)('is refused beside a good one, at any door: %j', async (fields) => {
    const reader = someone('admin')
    const [field = ''] = Object.keys(fields)
    const good = field === 'userId' ? { roles: [unique('r')] } : { userId: reader.userId }
    const published = await publishedBy(reader, async () => {
      for (const door of doorNames) {
        const draft = { type: 'test', payload: reader.userId, ...good, ...fields }
        const { code } = await publishDoors[door](server.url, reader.token, draft)
        expect(code).toBe('invalid_message')
      }
    })
    expect(published).toEqual([])
  })
})
