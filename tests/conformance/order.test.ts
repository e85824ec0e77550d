// "Within one epoch all messages have one total order", whoever publishes and whoever reads.

import { expect, it } from '@jest/globals'
import { SocketClient } from '../support/SocketClient.js'
import { waitFor } from '../support/waitFor.js'
import { isForward, type Reader, transports } from './reader.js'
import { names, Scene } from './scene.js'
import { target } from './target.js'

const server = target()

const openAll = (scene: Scene, since: string): Promise<Reader[]> =>
  Promise.all(
    transports.map(({ open }) =>
      open(server.url, { token: scene.token, topics: [scene.topic], since }),
    ),
  )

it('is the same on every transport, live and afterwards, when many publish at once', async () => {
  const scene = new Scene(server.url)
  const since = await scene.cursorNow()
  const live = await openAll(scene, since)
  const socket = await SocketClient.connect(server.url, { token: scene.token })
  const published = names('m', 60).map(async (name, index) => {
    if (index % 4 === 0) return { name, ...(await scene.toUser(name)) }
    if (index % 4 === 1) return { name, ...(await scene.toRole(name)) }
    if (index % 4 === 2) return { name, ...(await scene.toTopic(name)) }
    const message = { type: 'test', payload: name }
    return { name, ...(await socket.ask({ op: 'send', message })) }
  })
  const cursorOf = new Map((await Promise.all(published)).map(({ name, cursor }) => [name, cursor]))
  await scene.toUser('end')
  const late = await openAll(scene, since)

  const [order = []] = await Promise.all([...live, ...late].map((reader) => reader.until('end')))
  expect([...order].sort()).toEqual([...cursorOf.keys(), 'end'].sort())
  expect(isForward(order.slice(0, -1).map((name) => cursorOf.get(name)!))).toBe(true)
  for (const reader of [...live, ...late]) {
    expect(reader.heard).toEqual(order)
    expect(isForward(reader.cursors)).toBe(true)
    await reader.close()
  }
  await socket.close()
})

it('holds for a client that hops between transports while messages flow', async () => {
  const scene = new Scene(server.url)
  const all = names('m', 120)
  let cursor = await scene.cursorNow()
  const heard: string[] = []
  const publishing = (async () => {
    for (const name of all) await (name.endsWith('5') ? scene.toTopic(name) : scene.toUser(name))
  })()
  for (let hop = 0; heard.length < all.length; hop += 1) {
    const { open } = transports[hop % transports.length]!
    const reading = { token: scene.token, topics: [scene.topic], since: cursor }
    const reader = await open(server.url, reading)
    await waitFor('the next messages', () => reader.heard.length > 0)
    await reader.close()
    heard.push(...reader.heard)
    cursor = reader.cursor
  }
  await publishing
  expect(heard).toEqual(all)
})
