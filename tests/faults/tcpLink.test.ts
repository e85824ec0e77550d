// The wire of these tests delays, hides and cuts what it is told to, and changes no byte.

import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net'
import { afterEach, beforeEach, expect, test } from '@jest/globals'
import { TcpLink } from '../support/TcpLink.js'
import { waitFor } from '../support/waitFor.js'

let echo: Server
let link: TcpLink
let client: Socket
let heard = ''
let arrived = ''

beforeEach(async () => {
  heard = ''
  arrived = ''
  echo = createServer({ allowHalfOpen: true }, (socket) => {
    socket.on('error', () => {})
    socket.on('end', () => socket.end())
    socket.on('data', (bytes) => {
      arrived += bytes
      socket.write(bytes)
    })
  }).listen(0, '127.0.0.1')
  await once(echo, 'listening')
  link = await TcpLink.start((echo.address() as AddressInfo).port)
  client = connect({ host: '127.0.0.1', port: link.port })
  client.on('error', () => {})
  client.on('data', (bytes) => {
    heard += bytes
  })
  await once(client, 'connect')
})

afterEach(async () => {
  client.destroy()
  await link.close()
  echo.close()
})

async function roundTripMs(text: string): Promise<number> {
  const startedAt = performance.now()
  client.write(text)
  await waitFor(`"${text}" to come back`, () => heard.endsWith(text))
  return performance.now() - startedAt
}

test('a clear one passes bytes and the end of either side', async () => {
  expect(await roundTripMs('hello')).toBeLessThan(100)
  client.end()
  await waitFor('the end', () => client.closed)
  await waitFor('nothing to be left', () => link.size === 0)
})

test('a delay is of one direction alone', async () => {
  link.set({ delayMs: 150 }, ['back'])
  client.write('slow')
  await waitFor('it to get there', () => arrived === 'slow', 100)
  expect(heard).toBe('')
  await waitFor('it to come back', () => heard === 'slow')
})

test('jitter delays and keeps the order', async () => {
  link.set({ jitterMs: 20 })
  const parts = Array.from({ length: 40 }, (_, i) => `${i},`)
  for (const part of parts) {
    client.write(part)
    await new Promise((resolve) => setImmediate(resolve))
  }
  await waitFor('all to come back', () => heard === parts.join(''))
})

test('a dead one resets nobody, hides what ends, and hands on what was sent once it heals', async () => {
  await roundTripMs('a')
  link.set({ isDead: true })
  client.write('late')
  client.end()
  echo.close()
  await new Promise((resolve) => setTimeout(resolve, 50))
  expect(arrived).toBe('a')
  expect([client.destroyed, link.size]).toEqual([false, 1])
  link.heal()
  await waitFor('it to come back', () => heard === 'alate')
  await waitFor('the end', () => client.closed)
})

test('a cut one resets what is open and takes new connections', async () => {
  await roundTripMs('a')
  link.cut()
  await waitFor('the reset', () => client.closed)
  client = connect({ host: '127.0.0.1', port: link.port })
  client.on('data', (bytes) => {
    heard += bytes
  })
  await roundTripMs('again')
})
