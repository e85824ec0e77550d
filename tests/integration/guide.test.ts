// The guide, followed to the letter in a folder of its own: each command prints what it shows. What
// is to be seen in the page is looked at in `tests/browser`.

import { once } from 'node:events'
import { afterAll, beforeAll, expect, it } from '@jest/globals'
import { Api } from '../support/Api.js'
import { actionsUnder, readGuide } from '../support/guide.js'
import { normalised, shown } from '../support/markdown.js'
import { Newcomer } from '../support/Newcomer.js'

const guide = await readGuide()
const headings = [...guide.matchAll(/^## (.*)$/gm)].map(([, heading = '']) => heading)

let newcomer: Newcomer
beforeAll(async () => {
  newcomer = await Newcomer.start()
})
afterAll(() => newcomer.end())

it('leaves no block of code out', () => {
  const actions = headings.flatMap((heading) => actionsUnder(guide, heading))
  const shows = actions.filter((action) => action.kind === 'run' && action.shows !== undefined)
  expect(actions.length + shows.length).toBe(guide.match(/^```/gm)!.length / 2)
})

// Each builds on the ones before it.
it.each(headings)('%s', async (heading) => {
  for (const { command, printed, shows } of await newcomer.follow(heading)) {
    if (shows === undefined) continue
    expect({ command, printed: normalised(printed) }).toEqual({
      command,
      printed: expect.stringMatching(shown(shows)),
    })
  }
})

it('ends with a shop that knows its users and stops when it is told to', async () => {
  await newcomer.restart()
  const ann = new Api(newcomer.url, 'ann-token')
  const { body: order } = await ann.request('POST', '/orders', { body: { item: 'cake' } })
  await ann.request('PATCH', `/orders/${order.id}`, { body: { status: 'ready' } })
  const typesFor = async (token: string) => {
    const { body } = await new Api(newcomer.url, token).poll({ topics: 'orders' })
    return body.messages.map(({ type }: { type: string }) => type)
  }
  const topic = ['order.created', 'order.status.changed']
  expect(await typesFor('ann-token')).toEqual([...topic, 'notification.new'])
  expect(await typesFor('ben-token')).toEqual(topic)
  const { child } = newcomer.server
  child.kill('SIGTERM')
  expect(await once(child, 'exit')).toEqual([0, null])
})
