import { expect, it } from '@jest/globals'
import { Api } from '../support/Api.js'
import { SocketClient } from '../support/SocketClient.js'
import { StreamClient } from '../support/StreamClient.js'
import { target, unique } from './target.js'

const server = target()

it('delivers one message on all four transports', async () => {
  const user = unique('u')
  const token = `dev:${user}`
  const api = new Api(server.url, token)
  const socket = await SocketClient.connect(server.url, { token })
  const stream = await StreamClient.open(server.url, { token })
  await stream.next('connected')
  const held = api.poll({ since: socket.connected.cursor, wait: 20 })
  const sent = await api.send({ type: 'test', payload: { n: 1 } })
  expect(sent.status).toBe(201)
  const expected = expect.objectContaining({
    id: sent.body.messageId,
    userId: user,
    payload: { n: 1 },
  })
  expect((await socket.next('message')).message).toEqual(expected)
  expect((await stream.next('message')).data).toEqual(expected)
  expect((await held).body.messages).toEqual([expected])
  expect((await api.poll()).body.messages).toEqual([expected])
  await socket.close()
  stream.close()
})
