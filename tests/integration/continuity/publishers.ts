// Those who publish: by every door, alone and in batches, with cut connections and with retries
// of the same key, in turn and at once.

import { setTimeout as delay } from 'node:timers/promises'
import { Api } from '../../support/Api.js'
import { SocketClient } from '../../support/SocketClient.js'
import { waitFor } from '../../support/waitFor.js'
import type { Audience, Draft } from './Publications.js'
import { type Ask, publish, type Retry } from './retries.js'
import type { World } from './World.js'

export type PublishStep = { readonly pauseMs: number } & (
  | { readonly kind: 'send' | 'socket'; readonly audience: Audience; readonly retry: Retry }
  | { readonly kind: 'broadcast'; readonly audience: Audience; readonly retry: Retry }
  | { readonly kind: 'self'; readonly userId: string; readonly retry: Retry }
  | { readonly kind: 'batch'; readonly audiences: readonly Audience[]; readonly retry: Retry }
  | { readonly kind: 'each'; readonly userIds: readonly string[]; readonly retry: Retry }
  | { readonly kind: 'force'; readonly audience: Audience }
  | {
      readonly kind: 'burst'
      readonly audience: Audience
      readonly count: number
      /** Characters of payload in each. */
      readonly padding: number
      /** So far the clock jumps before the burst is handed out. */
      readonly agesMs: number
    }
)

const ADMIN = 'dev:boss:admin'

export async function runPublisher(
  world: World,
  name: string,
  steps: readonly PublishStep[],
): Promise<void> {
  for (const [index, step] of steps.entries()) {
    await delay(step.pauseMs)
    await world.publish(() => perform(world, step, `${name}.${index}`))
  }
}

async function perform(world: World, step: PublishStep, key: string): Promise<void> {
  const { publications, url } = world
  switch (step.kind) {
    case 'send': {
      const draft = () => [publications.draft(step.audience)]
      return publish(world, draft, step.retry, single(url, '/api/sync/send', key))
    }
    case 'broadcast': {
      const draft = () => [publications.draft(step.audience)]
      return publish(world, draft, step.retry, single(url, '/api/sync/broadcast', key))
    }
    case 'self': {
      const draft = () => [publications.draft({ userId: step.userId })]
      return publish(world, draft, step.retry, toItself(url, step.userId, key))
    }
    case 'batch': {
      const drafts = () => step.audiences.map((audience) => publications.draft(audience))
      return publish(world, drafts, step.retry, batch(url, key))
    }
    case 'each': {
      const drafts = () => publications.draftForEach(step.userIds)
      return publish(world, drafts, step.retry, toEach(url, step.userIds, key))
    }
    case 'socket': {
      const draft = () => [publications.draft(step.audience)]
      return publish(world, draft, step.retry, overSocket(url, key))
    }
    case 'force':
      await new Api(url, ADMIN).force(isEmpty(step.audience) ? { everyone: true } : step.audience)
      return
    case 'burst':
      return burst(world, step)
    default:
      return step satisfies never
  }
}

/** From the host's own code: all in one turn of the event loop. */
async function burst(world: World, step: Extract<PublishStep, { kind: 'burst' }>): Promise<void> {
  const { audience, count, padding, agesMs } = step
  const drafts = Array.from({ length: count }, () => world.publications.draft(audience, padding))
  const published = await world.server.sync.publishBatch(drafts as never)
  world.ageMs += agesMs
  for (const [index, receipt] of published.entries()) {
    world.publications.acknowledged(drafts[index]!, receipt)
  }
}

const isEmpty = (audience: Audience) => Object.keys(audience).length === 0

const ask =
  (
    api: Api,
    path: string,
    toBody: (drafts: readonly Draft[]) => object,
    headers: Record<string, string> = {},
  ): Ask =>
  async (drafts, signal) => {
    const { status, body } = await api.request('POST', path, {
      body: toBody(drafts),
      headers,
      ...(signal && { signal }),
    })
    return { status, body }
  }

const single = (url: string, path: string, key: string): Ask =>
  ask(new Api(url, ADMIN), path, ([draft]) => draft!, { 'Idempotency-Key': key })

/** Without an audience: the door's default is the sender. */
const toItself = (url: string, userId: string, key: string): Ask =>
  ask(
    new Api(url, `dev:${userId}`),
    '/api/sync/send',
    ([draft]) => {
      const { userId: _, ...body } = draft!
      return body
    },
    { 'Idempotency-Key': key },
  )

const batch = (url: string, key: string): Ask =>
  ask(new Api(url, ADMIN), '/api/sync/send', (drafts) => ({
    messages: drafts.map((draft, index) => ({ ...draft, idempotencyKey: `${key}.${index}` })),
  }))

const toEach = (url: string, userIds: readonly string[], key: string): Ask =>
  ask(
    new Api(url, ADMIN),
    '/api/sync/broadcast',
    ([draft]) => ({ type: draft!.type, payload: draft!.payload, userIds }),
    { 'Idempotency-Key': key },
  )

const overSocket =
  (url: string, key: string): Ask =>
  async ([draft], signal) => {
    const socket = new SocketClient(url)
    signal?.addEventListener('abort', () => socket.socket.terminate())
    try {
      await socket.opened()
      socket.send({ op: 'connect', token: ADMIN })
      socket.send({ op: 'send', message: { ...draft, idempotencyKey: key }, ref: 1 })
      const answer = await waitFor('an answer', () => {
        if (socket.socket.readyState > 1) throw new Error('the socket was cut')
        return socket.frames.all.find(({ ref }) => ref === 1)
      })
      return { status: answer.op === 'ok' ? 201 : 422, body: answer }
    } finally {
      socket.socket.terminate()
    }
  }
