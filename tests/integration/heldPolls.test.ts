// A poll that is held while the log loses something, or another log begins, ends with what happened
// meanwhile or with a cursor that tells it at the next request: never in silence.

import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { type Answer, Api } from '../support/Api.js'
import { HandBroker } from '../support/HandBroker.js'
import { startTestServer, type TestServer } from '../support/testServer.js'
import { waitFor } from '../support/waitFor.js'

let broker: HandBroker
let server: TestServer
let api: Api

beforeEach(async () => {
  broker = new HandBroker()
  server = await startTestServer({ broker })
  api = new Api(server.url, 'dev:ann')
})
afterEach(() => server.close())

const idsIn = ({ body }: Answer): string[] => body.messages.map(({ id }: { id: string }) => id)

async function held(since: string): Promise<Promise<Answer>[]> {
  const poll = api.poll({ since, wait: 20 })
  await waitFor('the poll to be held', () => {
    const { connections } = server.server.stats() as { connections: { longPoll: number } }
    return connections.longPoll === 1
  })
  // In an array, since a promise would be waited for.
  return [poll]
}

/** What it is told in the end: at once, or by the cursor that it is given. */
async function toldTo(poll: Promise<Answer>): Promise<{ ids: string[]; reasons: string[] }> {
  const first = await poll
  const second = await api.poll({ since: first.body.cursor })
  const third = await api.poll({ since: second.body.cursor })
  expect(third.body).toMatchObject({ messages: [], resync: false })
  return {
    ids: [...idsIn(first), ...idsIn(second)],
    reasons: [first, second].flatMap(({ body }) => body.reason ?? []),
  }
}

// Each stands where there is nothing for it yet.
const SINCES = ['now', '0', '1700', '1001-0.epoch0']

describe.each(SINCES)('a poll that is held since %s', (since) => {
  beforeEach(() => {
    broker.begin('epoch0', since === '0' ? [] : [1001])
  })

  it('is told of another log, and gets what is new in it', async () => {
    const [poll] = await held(since)
    broker.begin('epoch1', [1001, 1800])
    const { ids, reasons } = await toldTo(poll!)
    expect(reasons).toEqual(['epoch'])
    expect(ids).toContain('m1800-0')
  })

  it('is told of another log that holds nothing for it', async () => {
    const [poll] = await held(since)
    broker.begin('epoch1')
    expect(await toldTo(poll!)).toEqual({ ids: [], reasons: ['epoch'] })
  })

  it('is told of what was lost meanwhile', async () => {
    const [poll] = await held(since)
    broker.lose(1800)
    broker.apply(1801)
    const { ids, reasons } = await toldTo(poll!)
    expect(reasons).toEqual(['evicted'])
    expect(ids).toEqual(['m1801-0'])
  })

  it('is not held any longer once something was lost', async () => {
    const [poll] = await held(since)
    broker.lose(1800)
    expect(await toldTo(poll!)).toEqual({ ids: [], reasons: ['evicted'] })
  }, 10_000)

  it('never hears of a resync in its own answer where it had no position', async () => {
    const [poll] = await held(since)
    broker.begin('epoch1', [1800])
    expect((await poll!).body.resync).toBe(since.includes('-'))
  })

  it('gets what comes, and is told of nothing where nothing happened', async () => {
    const [poll] = await held(since)
    broker.apply(1801)
    expect(await toldTo(poll!)).toEqual({ ids: ['m1801-0'], reasons: [] })
  })
})
