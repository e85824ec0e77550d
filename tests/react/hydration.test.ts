// A page that a server has rendered, and that comes alive in the browser.

import { afterEach, beforeEach, expect, it, jest } from '@jest/globals'
import { createElement, type ReactElement, StrictMode } from 'react'
import { hydrateRoot, type Root } from 'react-dom/client'
import { renderToString } from 'react-dom/server'
import {
  ConnectionManagerProvider,
  useConnectionManager,
  useLastMessage,
  useMessages,
  useResync,
} from '../../client/react/index.js'
import { waitFor } from '../support/waitFor.js'
import { Scene } from './Scene.js'

let scene: Scene
let root: Root | undefined

beforeEach(async () => {
  scene = await Scene.start()
})

afterEach(async () => {
  root?.unmount()
  root = undefined
  await scene.close()
  jest.restoreAllMocks()
})

function Status() {
  const { status, userId } = useConnectionManager()
  const messages = useMessages({ topic: 'news' })
  const last = useLastMessage()
  useResync(() => {})
  return createElement('p', null, `${status} ${userId} ${messages.length} ${last?.type}`)
}

function hydrate(app: ReactElement): { html: string; container: HTMLElement; faults: unknown[] } {
  const faults: unknown[] = []
  jest.spyOn(console, 'error').mockImplementation((...args) => void faults.push(args))
  const html = renderToString(app)
  const container = document.createElement('div')
  container.innerHTML = html
  const onRecoverableError = (error: unknown) => void faults.push(error)
  root = hydrateRoot(container, app, { onRecoverableError })
  return { html, container, faults }
}

const provided = () => createElement(ConnectionManagerProvider, null, createElement(Status))

it.each([
  ['a provider', provided],
  ['no provider', () => createElement(Status)],
  ['StrictMode', () => createElement(StrictMode, null, provided())],
])('is hydrated without a complaint and connects, with %s', async (_name, build) => {
  const { html, container, faults } = hydrate(build())
  expect(html).toBe('<p>disconnected undefined 0 undefined</p>')
  await waitFor('connected', () => container.textContent?.startsWith('connected anonymous'))
  await scene.untilReaders('news', 1)
  await waitFor('a message', () => container.textContent?.endsWith('1 probe'))
  expect(faults).toEqual([])
  expect(scene.sockets.made).toBe(1)
})

it('is hydrated without a complaint while the connection stands already', async () => {
  const { container: first } = hydrate(provided())
  await waitFor('connected', () => first.textContent?.startsWith('connected'))
  await scene.untilReaders('news', 1)
  const earlier = root
  jest.restoreAllMocks()
  const { html, container, faults } = hydrate(provided())
  expect(html).toBe('<p>disconnected undefined 0 undefined</p>')
  await waitFor('connected', () => container.textContent?.startsWith('connected'))
  expect(faults).toEqual([])
  expect(scene.sockets.made).toBe(1)
  earlier?.unmount()
})
