// What must and must not compile against the client. `npm run types` is what runs it: a line that is
// expected to be an error and isn't one is itself an error.

import './payloads.js'
import {
  ConnectionError,
  ConnectionManager,
  type ConnectionOptions,
  type Draft,
  getConnectionManager,
  type MessageOf,
  type PayloadOf,
  type Sent,
  type Snapshot,
  type SocketConstructor,
} from '../../client/connection/index.js'
import { type Equal, same } from './same.js'

export function options(socket: SocketConstructor, getToken: () => Promise<string>) {
  new ConnectionManager()
  new ConnectionManager({ baseUrl: 'https://sync.example.com', topics: ['a'], since: '0' })
  new ConnectionManager({ WebSocket: socket, getToken, fetch, transports: ['websocket', 'sse'] })
  new ConnectionManager({ WebSocket, getToken: () => 'token' })
  new ConnectionManager({}, { now: () => 0, random: () => 0.5 })
  getConnectionManager({ pollingInterval: 1000 })
  const readonly = { topics: ['a'], transports: ['poll'] } as const
  getConnectionManager(readonly)

  // @ts-expect-error: no such option
  new ConnectionManager({ url: 'https://sync.example.com' })
  // @ts-expect-error: no such option
  getConnectionManager({ reconnect: true })
  // @ts-expect-error: milliseconds are a number
  new ConnectionManager({ pollingInterval: '5s' })
  // @ts-expect-error: no such transport
  new ConnectionManager({ transports: ['carrier-pigeon'] })
  // @ts-expect-error: topics is a list
  new ConnectionManager({ topics: 'a' })
  // @ts-expect-error: a token is text
  new ConnectionManager({ getToken: () => 7 })
  const given: ConnectionOptions = {}
  // @ts-expect-error: options are not changed once given
  given.baseUrl = 'https://sync.example.com'
}

export function messages(manager: ConnectionManager) {
  manager.onMessage((message) => {
    same<Equal<typeof message, MessageOf>>()
    same<Equal<typeof message.payload, unknown>>()
    same<Equal<typeof message.type, string>>()
    same<Equal<typeof message.timestamp, number>>()
    // @ts-expect-error: nobody said what it carries
    message.payload.id
    // @ts-expect-error: a message is as it was published
    message.type = 'other'
  })
  const stop = manager.onMessage(
    (message) => {
      same<Equal<typeof message.type, 'typed.order'>>()
      same<Equal<typeof message.payload, { readonly id: number }>>()
      // @ts-expect-error: it carries no such thing
      message.payload.name
    },
    { type: 'typed.order', topic: 'orders' },
  )
  same<Equal<typeof stop, () => void>>()
  manager.onMessage((message) => same<Equal<typeof message.payload, unknown>>(), {
    type: 'undeclared',
  })
  manager.onMessage((message) => same<Equal<typeof message.payload, unknown>>(), { topic: 'a' })
  manager.onMessage<'typed.order' | 'typed.note'>((message) => {
    if (message.type === 'typed.note') same<Equal<typeof message.payload, string>>()
    else same<Equal<typeof message.payload, { readonly id: number }>>()
  })
  // @ts-expect-error: no such filter
  manager.onMessage(() => {}, { types: ['typed.order'] })
  // @ts-expect-error: one topic
  manager.onMessage(() => {}, { topic: ['a'] })
  // @ts-expect-error: it takes a message, not a payload
  manager.onMessage((id: number) => id, { type: 'typed.order' })

  same<Equal<PayloadOf<'typed.note'>, string>>()
  same<Equal<PayloadOf<'undeclared'>, unknown>>()
  same<Equal<PayloadOf<string>, unknown>>()
}

export async function sending(manager: ConnectionManager, type: string) {
  const sent = await manager.send({ type: 'typed.order', payload: { id: 1 } })
  same<Equal<typeof sent, Sent>>()
  same<Equal<typeof sent.duplicate, boolean>>()
  await manager.send({ type: 'typed.note', payload: 'text', topics: ['a'] })
  await manager.send({ type: 'undeclared', payload: [1, 'a', null] }, { idempotencyKey: 'k' })
  await manager.send({ type: 'undeclared', roles: ['admin'], userId: 'ann' })
  await manager.send({ type, payload: { any: 'thing' } })
  const draft: Draft<'typed.order'> = { type: 'typed.order', payload: { id: 1 } }
  await manager.send(draft)

  // @ts-expect-error: an id is a number
  await manager.send({ type: 'typed.order', payload: { id: '1' } })
  // @ts-expect-error: there is an id
  await manager.send({ type: 'typed.order', payload: {} })
  // @ts-expect-error: there is nothing but an id
  await manager.send({ type: 'typed.order', payload: { id: 1, name: 'a' } })
  // @ts-expect-error: it carries text
  await manager.send({ type: 'typed.note', payload: { id: 1 } })
  // @ts-expect-error: a message has a type
  await manager.send({ payload: 1 })
  // @ts-expect-error: a typing error must not widen an audience
  await manager.send({ type: 'undeclared', topic: 'a' })
  // @ts-expect-error: one user
  await manager.send({ type: 'undeclared', userId: ['ann'] })
  // @ts-expect-error: no such option
  await manager.send({ type: 'undeclared' }, { key: 'k' })
}

export function events(manager: ConnectionManager) {
  manager.on('status', (snapshot) => same<Equal<typeof snapshot, Snapshot>>())
  manager.on('error', (error) => same<Equal<typeof error, ConnectionError>>())
  manager.on('resync', ({ reason }) => {
    same<Equal<typeof reason, 'expired' | 'evicted' | 'epoch' | 'lagged' | 'forced'>>()
  })
  // @ts-expect-error: no such event
  manager.on('nope', () => {})
  // @ts-expect-error: messages have a door of their own
  manager.on('message', () => {})
  // @ts-expect-error: it is told a snapshot
  manager.on('status', (status: string) => status)

  const snapshot = manager.getSnapshot()
  same<
    Equal<
      typeof snapshot.status,
      'disconnected' | 'connecting' | 'connected' | 'reconnecting' | 'failed'
    >
  >()
  same<Equal<typeof manager.cursor, string | undefined>>()
  // @ts-expect-error: how things stand is told, not set
  snapshot.status = 'connected'
  // @ts-expect-error: a list of topics
  manager.subscribe('a')
  manager.setAuthToken('token')
  // @ts-expect-error: a token is text
  manager.setAuthToken(7)
  // @ts-expect-error: no such status
  return snapshot.status === 'online'
}

export function errors(error: unknown) {
  if (error instanceof ConnectionError) same<Equal<typeof error.code, string>>()
}
