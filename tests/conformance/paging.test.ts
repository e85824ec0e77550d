// Polling in pages: each says whether more follows, and none is ahead of what it holds.

import { describe, expect, it } from '@jest/globals'
import type { Api } from '../support/Api.js'
import { isForward } from './reader.js'
import { CURSOR, KEPT, names, Scene } from './scene.js'
import { target } from './target.js'

const server = target()

interface Page {
  readonly messages: { payload: string; cursor: string }[]
  readonly count: number
  readonly cursor: string
  readonly hasMore: boolean
  readonly resync: boolean
  readonly reason?: string
}

const payloads = ({ messages }: Page): string[] => messages.map(({ payload }) => payload)

/** All pages from `since` on, up to the one that says that no more follow. */
async function pagesOf(
  api: Api,
  query: { since: string; limit?: number; topics?: string },
): Promise<Page[]> {
  const pages: Page[] = []
  for (let { since } = query; ; since = pages.at(-1)!.cursor) {
    const page: Page = (await api.poll({ ...query, since })).body
    pages.push(page)
    if (!page.hasMore) return pages
  }
}

describe('a poll in pages', () => {
  it('tells all, in order, each once, `limit` at a time', async () => {
    const scene = new Scene(server.url)
    await scene.fill('m', 25, { userId: scene.user })
    const pages = await pagesOf(scene.api, { since: '0', limit: 10 })
    expect(pages.map(({ count }) => count)).toEqual([10, 10, 5])
    expect(pages.map(({ messages }) => messages.length)).toEqual([10, 10, 5])
    expect(pages.flatMap(payloads)).toEqual(names('m', 25))
    expect(isForward(pages.map(({ cursor }) => cursor))).toBe(true)
  })

  it('asks for no further page where the page holds the last message', async () => {
    const scene = new Scene(server.url)
    await scene.fill('m', 10, { userId: scene.user })
    const { body } = await scene.api.poll({ since: '0', limit: 10 })
    expect(body).toMatchObject({ count: 10, hasMore: false })
  })

  it('names no cursor beyond the last message of a page that more follow', async () => {
    const scene = new Scene(server.url)
    const cursors = await scene.fill('m', 3, { userId: scene.user })
    const { body } = await scene.api.poll({ since: '0', limit: 2 })
    expect(body).toMatchObject({ hasMore: true, cursor: cursors[1] })
  })

  it('holds 100 messages by default, and up to 1000 where it is asked to', async () => {
    const scene = new Scene(server.url)
    await scene.fill('m', 500, { userId: scene.user })
    await scene.fill('n', 501, { roles: [scene.role] })
    const pages = await pagesOf(scene.api, { since: '0' })
    expect(pages.map(({ count }) => count)).toEqual([...Array(10).fill(100), 1])
    const large = await pagesOf(scene.api, { since: '0', limit: 1000 })
    expect(large.map(({ count }) => count)).toEqual([1000, 1])
    const single: Page = (await scene.api.poll({ since: '0', limit: 1 })).body
    expect(single).toMatchObject({ count: 1, hasMore: true })
  })

  it('holds about 1 MiB at most', async () => {
    const scene = new Scene(server.url)
    const text = 'x'.repeat(60_000)
    const all = names('m', 20)
    for (const name of all) await scene.toUser(`${name}:${text}`)
    const pages = await pagesOf(scene.api, { since: '0', limit: 1000 })
    expect(pages.flatMap(payloads).map((payload) => payload.split(':')[0])).toEqual(all)
    const bytes = pages.map((page) => Buffer.byteLength(JSON.stringify(page)))
    // "About": one message more is within it.
    expect(Math.max(...bytes)).toBeLessThan((1 << 20) + (1 << 16))
    expect(pages[0]!.count).toBeGreaterThan(10)
    expect(pages.every(({ count }) => count > 0)).toBe(true)
  })

  it('says the loss again on every page below it, and never above it', async () => {
    const scene = new Scene(server.url)
    const reading = { topics: scene.topic, limit: 1 }
    const since = await scene.cursorNow()
    await scene.toUser('u1')
    await scene.toUser('u2')
    await scene.fill('t', KEPT + 5, { topics: [scene.topic] })
    let cursor = since
    const told: unknown[] = []
    for (let page = 1; page <= 5; page += 1) {
      const { body } = await scene.api.poll({ ...reading, since: cursor })
      told.push([body.messages[0].payload, body.resync, body.reason])
      cursor = body.cursor
    }
    expect(told).toEqual([
      ['u1', true, 'evicted'],
      ['u2', true, 'evicted'],
      ['t6', true, 'evicted'],
      ['t7', false, undefined],
      ['t8', false, undefined],
    ])
  })

  it('that began at `0` is told of the loss once it hands in a cursor below it', async () => {
    const scene = new Scene(server.url)
    const reading = { topics: scene.topic, limit: 1 }
    await scene.toUser('u1')
    await scene.fill('t', KEPT + 5, { topics: [scene.topic] })
    const first = await scene.api.poll({ ...reading, since: '0' })
    expect(first.body).toMatchObject({ resync: false, messages: [{ payload: 'u1' }] })
    const second = await scene.api.poll({ ...reading, since: first.body.cursor })
    expect(second.body).toMatchObject({ resync: true, messages: [{ payload: 't6' }] })
  })
})

describe('an answer to a poll', () => {
  it('has every field of the contract, also where there is nothing new', async () => {
    const scene = new Scene(server.url)
    const { cursor } = await scene.toUser('m1')
    const { status, body } = await scene.api.poll({ since: cursor })
    expect(status).toBe(200)
    expect(body).toEqual({
      success: true,
      messages: [],
      count: 0,
      cursor: expect.stringMatching(CURSOR),
      hasMore: false,
      resync: false,
      timestamp: expect.any(Number),
    })
    expect(isForward([cursor, body.cursor])).toBe(true)
  })

  it('holds messages of the form that the contract gives', async () => {
    const scene = new Scene(server.url)
    const { messageId, cursor, timestamp } = await scene.toUser('m1')
    const topics = [scene.topic]
    await scene.send('m2', { topics })
    const { body } = await scene.api.poll({ since: '0', topics: scene.topic })
    const [first, second] = body.messages
    expect(first).toEqual({
      id: messageId,
      type: 'test',
      payload: 'm1',
      timestamp,
      cursor,
      userId: scene.user,
    })
    expect(second).toMatchObject({ payload: 'm2', topics })
    for (const message of body.messages) {
      expect(message.cursor).toMatch(CURSOR)
      expect(message.cursor.split('-')[0]).toBe(String(message.timestamp))
      expect(message.id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-/)
    }
  })
})
