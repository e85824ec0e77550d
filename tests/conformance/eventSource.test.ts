// The stream as a real EventSource reads it, also across a cut connection.

import { afterEach, expect, it } from '@jest/globals'
import { EventSource, type FetchLike } from 'eventsource'
import { Inbox, waitFor } from '../support/waitFor.js'
import { CURSOR, Scene } from './scene.js'
import { target } from './target.js'

const server = target()

/** A `fetch` whose connections a test can cut, and that remembers what was asked for. */
class CuttableFetch {
  readonly lastEventIds: (string | undefined)[] = []
  readonly #token: string
  #abort = new AbortController()

  constructor(token: string) {
    this.#token = token
  }

  readonly fetch: FetchLike = async (url, init) => {
    this.lastEventIds.push(new Headers(init.headers).get('Last-Event-ID') ?? undefined)
    this.#abort = new AbortController()
    const response = await fetch(url, {
      ...init,
      headers: { ...init.headers, Authorization: `Bearer ${this.#token}` },
    })
    const { body, status, headers } = response
    const cut = this.#abort.signal
    const passedOn = body?.pipeThrough(new TransformStream(), { signal: cut }) ?? null
    return {
      body: passedOn,
      url: response.url,
      status,
      redirected: response.redirected,
      headers,
    }
  }

  cut(): void {
    this.#abort.abort(new Error('the connection was cut'))
  }
}

// One that is left open would come back for ever.
const sources: EventSource[] = []
afterEach(() => {
  for (const source of sources.splice(0)) source.close()
})

function openSource(path: string, { fetch }: CuttableFetch): EventSource {
  const source = new EventSource(`${server.url}${path}`, { fetch })
  sources.push(source)
  return source
}

it('hands its last cursor back by itself: no gap and no repeat across a cut', async () => {
  const scene = new Scene(server.url)
  const connection = new CuttableFetch(scene.token)
  const source = openSource(`/api/sync/stream?topics=${scene.topic}`, connection)
  const heard = new Inbox<{ type: string; id: string; data: { payload: string } }>()
  for (const type of ['connected', 'message', 'resync']) {
    source.addEventListener(type, (event) =>
      heard.add({ type, id: event.lastEventId, data: JSON.parse(event.data) }),
    )
  }
  let errors = 0
  source.addEventListener('error', () => {
    errors += 1
  })
  await heard.next('connected', ({ type }) => type === 'connected')
  await scene.toUser('m1')
  const { cursor } = await scene.toTopic('m2')
  await heard.next('the second', ({ data }) => data.payload === 'm2')
  expect(errors).toBe(0)

  connection.cut()
  await waitFor('the cut to be noticed', () => source.readyState === source.CONNECTING)
  await scene.toTopic('m3')
  await scene.toUser('m4')
  await heard.next('what was missed', ({ data }) => data.payload === 'm4')
  await scene.toUser('m5')
  await heard.next('the last', ({ data }) => data.payload === 'm5')
  source.close()

  expect(connection.lastEventIds).toEqual([undefined, cursor])
  const story = heard.all.map(({ type, data }) => (type === 'message' ? data.payload : type))
  expect(story).toEqual(['connected', 'm1', 'm2', 'connected', 'm3', 'm4', 'm5'])
  for (const { id } of heard.all) expect(id).toMatch(CURSOR)
})

it('hands back the cursor of `connected` where it has heard nothing else', async () => {
  const scene = new Scene(server.url)
  const connection = new CuttableFetch(scene.token)
  const source = openSource('/api/sync/stream', connection)
  const heard = new Inbox<string>()
  const ids = new Inbox<string>()
  source.addEventListener('connected', ({ lastEventId }) => ids.add(lastEventId))
  source.addEventListener('message', ({ data }) => heard.add(JSON.parse(data).payload))
  const first = await ids.next('connected')
  connection.cut()
  await waitFor('the cut to be noticed', () => source.readyState === source.CONNECTING)
  await scene.toUser('m1')
  expect(await heard.next('what was missed')).toBe('m1')
  source.close()
  expect(connection.lastEventIds).toEqual([undefined, first])
})
