// What must and must not compile against the hooks; run by `npm run types`, as its neighbour is.

import './payloads.js'
import { createElement } from 'react'
import type {
  ConnectionError,
  ConnectionManager,
  MessageOf,
  Sent,
  Snapshot,
} from '../../client/connection/index.js'
import {
  ConnectionManagerProvider,
  type ConnectionManagerProviderProps,
  type UseConnectionManager,
  useConnectionManager,
  useLastMessage,
  useMessages,
  useResync,
} from '../../client/react/index.js'
import { type Equal, same } from './same.js'

export function Providers() {
  createElement(ConnectionManagerProvider)
  createElement(ConnectionManagerProvider, { config: { topics: ['a'] }, autoConnect: false }, 'x')
  createElement(ConnectionManagerProvider, {
    config: undefined,
    onConnected: (snapshot) => same<Equal<typeof snapshot, Snapshot>>(),
    onError: (error) => same<Equal<typeof error, ConnectionError>>(),
  })
  const props: ConnectionManagerProviderProps = {}
  // @ts-expect-error: no such property
  createElement(ConnectionManagerProvider, { url: 'https://sync.example.com' })
  // @ts-expect-error: no such option
  createElement(ConnectionManagerProvider, { config: { url: 'https://sync.example.com' } })
  // @ts-expect-error: yes or no
  createElement(ConnectionManagerProvider, { autoConnect: 'yes' })
  // @ts-expect-error: it is told a snapshot
  createElement(ConnectionManagerProvider, { onConnected: (status: string) => status })
  return createElement(ConnectionManagerProvider, props)
}

export function useConnection() {
  const connection = useConnectionManager()
  same<Equal<typeof connection, UseConnectionManager>>()
  same<Equal<typeof connection.isConnected, boolean>>()
  same<Equal<typeof connection.manager, ConnectionManager>>()
  useConnectionManager({ autoConnect: false, config: { pollingInterval: 1000 } })
  connection.on('resync', ({ reason }) => reason satisfies string)
  connection.onMessage(({ payload }) => same<Equal<typeof payload, { readonly id: number }>>(), {
    type: 'typed.order',
  })
  same<Equal<ReturnType<typeof connection.send>, Promise<Sent>>>()
  void connection.send({ type: 'typed.order', payload: { id: 1 } })

  // @ts-expect-error: an id is a number
  void connection.send({ type: 'typed.order', payload: { id: '1' } })
  // @ts-expect-error: no such event
  connection.on('nope', () => {})
  // @ts-expect-error: no such option
  useConnectionManager({ baseUrl: 'https://sync.example.com' })
  // @ts-expect-error: no such method
  connection.open()
  // @ts-expect-error: how things stand is told, not set
  connection.status = 'connected'
}

export function useTypedMessages() {
  const all = useMessages()
  same<Equal<typeof all, readonly MessageOf[]>>()
  same<Equal<(typeof all)[number]['payload'], unknown>>()
  const orders = useMessages({ type: 'typed.order', topic: 'orders', limit: 10 })
  same<Equal<typeof orders, readonly MessageOf<'typed.order'>[]>>()
  same<Equal<(typeof orders)[number]['payload'], { readonly id: number }>>()
  const undeclared = useMessages({ type: 'undeclared' })
  same<Equal<(typeof undeclared)[number]['payload'], unknown>>()
  const last = useLastMessage({ type: 'typed.note' })
  same<Equal<typeof last, MessageOf<'typed.note'> | undefined>>()
  useLastMessage()

  // @ts-expect-error: the list is not the component's own
  orders.push()
  // @ts-expect-error: it carries no such thing
  orders[0]?.payload.name
  // @ts-expect-error: there may be none yet
  last.payload
  // @ts-expect-error: there is one last message
  useLastMessage({ type: 'typed.note', limit: 2 })
  // @ts-expect-error: no such filter
  useMessages({ types: ['typed.order'] })
  // @ts-expect-error: a number
  useMessages({ limit: '10' })
}

export function useResyncs() {
  useResync(({ reason }) => reason === 'forced')
  useResync(() => {})
  // @ts-expect-error: no such reason
  useResync(({ reason }) => reason === 'bored')
  // @ts-expect-error: something to call
  useResync()
}
