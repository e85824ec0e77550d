// How subscriptions are counted, and told of together.

import { expect, it } from '@jest/globals'
import { createTopics } from '../../../client/connection/topics.js'
import { flush } from '../../support/client/VirtualEnvironment.js'

function setUp(initial: readonly string[] = []) {
  const told: (readonly string[])[][] = []
  const topics = createTopics(initial, (added, dropped) => {
    if (added.length + dropped.length > 0) told.push([added, dropped])
  })
  return { topics, told }
}

it('drops a topic when it was taken away as often as it was added', async () => {
  const { topics, told } = setUp(['a'])
  topics.add(['a'])
  topics.remove(['a'])
  await flush()
  expect(topics.has('a')).toBe(true)
  topics.remove(['a'])
  await flush()
  expect(topics.has('a')).toBe(false)
  expect(told).toEqual([[[], ['a']]])
})

it('tells of the changes of one turn together', async () => {
  const { topics, told } = setUp(['a'])
  topics.add(['b'])
  topics.add(['c', 'b'])
  topics.remove(['a'])
  expect(topics.names()).toEqual(['b', 'c'])
  await flush()
  expect(told).toEqual([[['b', 'c'], ['a']]])
})

it('says nothing of what comes and goes within one turn', async () => {
  const { topics, told } = setUp(['a'])
  topics.add(['b'])
  topics.remove(['b'])
  topics.remove(['a'])
  topics.add(['a'])
  await flush()
  expect(told).toEqual([])
})

it('drops all at once, and minds no more taken away than was added', async () => {
  const { topics, told } = setUp(['a'])
  topics.add(['a'])
  topics.clear()
  topics.remove(['a', 'never'])
  topics.add(['a'])
  topics.remove(['a'])
  await flush()
  expect(topics.names()).toEqual([])
  expect(told).toEqual([[[], ['a']]])
})
