// What the log gets of faults: lines that are JSON, bounded in length and rate, with nothing of an
// error but its words.

import { beforeEach, describe, expect, it } from '@jest/globals'
import { pino } from 'pino'
import { createFaultLog } from '../../server/faultLog.js'

const clock = { ms: 0 }
let written: string[]
let log: (error: unknown) => void
beforeEach(() => {
  clock.ms = 1000
  written = []
  const logger = pino({ level: 'info' }, { write: (text: string) => written.push(text) })
  log = createFaultLog(logger, () => clock.ms)
})

// biome-ignore lint/suspicious/noExplicitAny: tests look into lines freely
const lines = (): any[] => written.map((text) => JSON.parse(text))

/** An error as its makers may leave it, whatever its type says. */
const odd = (facts: object) => Object.assign(new Error('odd'), facts)

describe('a fault', () => {
  it('is a line with its name, its sentence, where it was and why', () => {
    log(new TypeError('no', { cause: new Error('since') }))
    expect(lines()).toMatchObject([
      {
        level: 50,
        msg: 'fault',
        fault: {
          name: 'TypeError',
          message: 'no',
          stack: expect.stringContaining('faultLog.test'),
          cause: { name: 'Error', message: 'since' },
        },
      },
    ])
  })

  it('says nothing of what else an error carries', () => {
    log(odd({ token: 'secret', config: { headers: 'secret' }, errors: ['secret'], code: 'secret' }))
    expect(written[0]).not.toContain('secret')
  })

  it('is one line whatever its words are', () => {
    const words = '\n{"level":30}\r\n\u2028\u0000\u001b[2J\u001b]0;x\u0007"}'
    log(odd({ name: words, message: words, stack: words }))
    expect(written).toHaveLength(1)
    expect(written[0]).toMatch(/^[^\n\r\u0000\u001b]*\n$/)
    expect(lines()[0].fault.message).toBe(words)
  })

  it('is short, however long its words and its causes are', () => {
    let error = new Error('the first')
    for (let depth = 0; depth < 1000; depth += 1) {
      error = new Error('x'.repeat(100_000), { cause: error })
    }
    error.name = 'n'.repeat(100_000)
    log(error)
    expect(written[0]?.length).toBeLessThan(30_000)
    const endless = odd({})
    log(Object.assign(endless, { cause: endless }))
    expect(written).toHaveLength(2)
  })

  it('that looks like the beginnings of tokens for a megabyte is written at once', () => {
    const startedAt = performance.now()
    log(new Error('eyJ-'.repeat(1 << 18)))
    // Half a minute where all of it is searched.
    expect(performance.now() - startedAt).toBeLessThan(5000)
    expect(written).toHaveLength(1)
  })

  it('holds no token that a library quotes', () => {
    log(
      new Error(
        'can not read eyJhbGciOiJub25lIn0.eyJzdWIiOiJhIn0.c2ln, Bearer secret, ticket=secret',
      ),
    )
    expect(written[0]).not.toMatch(/secret|eyJ|c2ln/)
  })

  it.each([
    ['a text', 'secret'],
    ['nothing', undefined],
    ['null', null],
    ['a number', 5],
    ['an object', { message: 'secret', token: 'secret' }],
    ['a function', () => 'secret'],
    ['a symbol', Symbol('secret')],
    ['an error that is none', Object.create(Error.prototype)],
    ['an error without a stack', odd({ stack: undefined })],
    ['an error whose words are no texts', odd({ name: 5, message: { secret: 1 }, stack: [] })],
    ['an error whose words are nothing', odd({ name: null, message: undefined, stack: null })],
    ['an error whose cause is a text', odd({ cause: 'secret' })],
    ['an error whose words can not be read', unreadable('message')],
    ['an error whose cause can not be read', unreadable('cause')],
    ['what is nothing that can be looked at', revoked()],
  ])('may be anything, and is written down all the same: %s', (_, fault) => {
    log(fault)
    expect(lines()).toMatchObject([{ msg: 'fault' }])
    expect(written[0]).not.toContain('secret')
  })
})

describe('faults', () => {
  const many = (count: number) => {
    for (let index = 0; index < count; index += 1) log(new Error(`fault ${index}`))
  }

  it('are twenty lines in ten seconds at most; the others are counted', () => {
    many(1000)
    expect(written).toHaveLength(20)
    clock.ms += 9999
    many(10)
    expect(written).toHaveLength(20)
    clock.ms += 1
    many(2)
    expect(lines().map(({ untold }) => untold)).toEqual([
      ...Array.from({ length: 20 }, () => undefined),
      990,
      undefined,
    ])
  })

  it('that are few are all told', () => {
    for (let index = 0; index < 100; index += 1) {
      many(1)
      clock.ms += 1000
    }
    expect(written).toHaveLength(100)
    expect(written.join('')).not.toContain('untold')
  })
})

function unreadable(field: string): Error {
  return Object.defineProperty(new Error('odd'), field, {
    get() {
      throw new Error('secret')
    },
  })
}

function revoked(): object {
  const { proxy, revoke } = Proxy.revocable(new Error('secret'), {})
  revoke()
  return proxy
}
