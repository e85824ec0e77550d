// Listeners and what they may do to each other: nothing.

import { afterEach, expect, it, jest } from '@jest/globals'
import { createEmitter } from '../../../client/connection/emitter.js'

afterEach(() => {
  jest.useRealTimers()
})

it('tells the others although one throws, and throws where uncaught errors are seen', () => {
  jest.useFakeTimers()
  const emitter = createEmitter<{ said: string }>()
  const heard: string[] = []
  emitter.on('said', () => {
    throw new Error('mine')
  })
  emitter.on('said', (text) => heard.push(text))
  emitter.emit('said', 'a')
  expect(heard).toEqual(['a'])
  expect(() => jest.runAllTimers()).toThrow('mine')
})

it('calls a function as often as it was added, and takes away one at a time', () => {
  const emitter = createEmitter<{ said: string }>()
  const heard: string[] = []
  const listener = (text: string) => heard.push(text)
  const stop = emitter.on('said', listener)
  emitter.on('said', listener)
  emitter.emit('said', 'a')
  stop()
  stop()
  emitter.emit('said', 'b')
  expect(heard).toEqual(['a', 'a', 'b'])
})

it('minds neither listeners that go nor such that come while it tells', () => {
  const emitter = createEmitter<{ said: string }>()
  const heard: string[] = []
  const stop = emitter.on('said', () => {
    stop()
    emitter.on('said', (text) => heard.push(`late ${text}`))
  })
  emitter.on('said', (text) => heard.push(text))
  emitter.emit('said', 'a')
  emitter.emit('said', 'b')
  expect(heard).toEqual(['a', 'b', 'late b'])
})

it('does nothing where nobody listens', () => {
  expect(() => createEmitter<{ said: string }>().emit('said', 'a')).not.toThrow()
})
