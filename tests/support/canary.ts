// A healthy client on every transport, to see that a server still serves after it was abused.

import { expect } from '@jest/globals'
import { Api } from './Api.js'
import { SocketClient } from './SocketClient.js'
import { StreamClient } from './StreamClient.js'

/** Publishes one message and expects it on all transports. `given`: a token of its own. */
export async function expectServed(url: string, given?: string): Promise<void> {
  const token = given ?? `dev:canary${Math.random().toString(36).slice(2)}`
  const api = new Api(url, token)
  const socket = await SocketClient.connect(url, { token })
  const stream = await StreamClient.open(url, { token })
  await stream.next('connected')
  const held = api.poll({ since: socket.connected.cursor, wait: 20 })

  const sent = await api.send({ type: 'canary' })
  expect(sent.status).toBe(201)
  const id = sent.body.messageId
  expect((await socket.next('message')).message.id).toBe(id)
  expect((await stream.next('message')).data.id).toBe(id)
  expect((await held).body.messages).toMatchObject([{ id }])
  // From here on alone: the abuse before may have published to everyone.
  const since = socket.connected.cursor
  expect((await api.poll({ since })).body.messages).toMatchObject([{ id }])

  await socket.close()
  stream.close()
}
