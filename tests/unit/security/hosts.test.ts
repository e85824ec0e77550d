import type { IncomingMessage } from 'node:http'
import { describe, expect, it } from '@jest/globals'
import { createHostRules, isLoopbackName, plainAddress } from '../../../server/security/hosts.js'

interface Asked {
  readonly host?: string
  readonly origin?: string
  readonly from?: string
}

const requestOf = ({ host, origin, from = '127.0.0.1' }: Asked, others: string[] = []) =>
  ({
    headers: { host, origin },
    rawHeaders: (host === undefined ? [] : [host, ...others]).flatMap((value) => ['Host', value]),
    socket: { remoteAddress: from },
  }) as unknown as IncomingMessage

function rules(given: Partial<Parameters<typeof createHostRules>[0]> = {}) {
  return createHostRules({ allowedHosts: [], corsOrigins: [], isLoopbackOnly: false, ...given })
}

const FORBIDDEN = expect.objectContaining({ code: 'forbidden' })

describe('a Host', () => {
  it.each(['localhost', 'localhost:5000', 'LOCALHOST', '127.0.0.1:1', '127.9.9.9', '[::1]:5000'])(
    '%j is this machine, and always answered',
    (host) => {
      rules().assertHost(requestOf({ host }))
    },
  )

  it.each([
    undefined,
    '',
    'evil.example',
    'localhost.evil.example',
    'evil.example:5000',
    '127.0.0.1.evil.example',
    'evil.example#@localhost',
    'localhost@evil.example',
    'user@localhost',
    'localhost/x',
    'localhost, evil.example',
    'a b',
    '10.0.0.1',
    '[::2]',
    '[::ffff:10.0.0.1]',
  ])('%j is refused', (host) => {
    expect(() => rules().assertHost(requestOf(host === undefined ? {} : { host }))).toThrow(
      FORBIDDEN,
    )
  })

  it('is answered where it is allowed, with any port unless one is named', () => {
    const allowed = rules({ allowedHosts: ['App.example.com', 'b.example.com:8080'] })
    for (const host of ['app.example.com', 'APP.example.com:9', 'b.example.com:8080']) {
      allowed.assertHost(requestOf({ host }))
    }
    for (const host of ['b.example.com', 'b.example.com:8081', 'x.app.example.com']) {
      expect(() => allowed.assertHost(requestOf({ host }))).toThrow(FORBIDDEN)
    }
  })

  it('does not help a peer from elsewhere where only this machine is answered', () => {
    const local = rules({ isLoopbackOnly: true })
    for (const from of ['127.0.0.1', '::1', '::ffff:127.0.0.1']) {
      local.assertHost(requestOf({ host: 'localhost', from }))
    }
    for (const from of ['10.0.0.1', '::ffff:10.0.0.1', 'fe80::1', '']) {
      expect(() => local.assertHost(requestOf({ host: 'localhost', from }))).toThrow(FORBIDDEN)
    }
  })
})

it('a Host is given once, whichever of two is the server’s own', () => {
  for (const [host, other] of [
    ['localhost', 'evil.example'],
    ['localhost', 'localhost'],
  ] as const) {
    expect(() => rules().assertHost(requestOf({ host }, [other]))).toThrow(FORBIDDEN)
  }
})

describe('an Origin', () => {
  it.each([
    ['http://localhost:5000', 'localhost:5000'],
    ['http://app.example.com', 'app.example.com'],
    ['http://app.example.com', 'app.example.com:80'],
    ['https://app.example.com', 'app.example.com:443'],
    ['https://app.example.com', 'app.example.com'],
    ['http://[::1]:5000', '[::1]:5000'],
  ])("%j is the server's own at %j", (origin, host) => {
    rules().assertOrigin(requestOf({ origin, host }))
  })

  it('may be absent: then it is no browser', () => {
    rules().assertOrigin(requestOf({ host: 'localhost:5000' }))
  })

  it.each([
    ['null', 'localhost:5000'],
    ['', 'localhost:5000'],
    ['localhost:5000', 'localhost:5000'],
    ['http://localhost:3000', 'localhost:5000'],
    ['http://localhost', 'localhost:5000'],
    ['http://127.0.0.1:5000', 'localhost:5000'],
    ['https://evil.example', 'localhost:5000'],
    ['http://app.example.com.evil.example', 'app.example.com'],
    ['http://app.example.com:443', 'app.example.com'],
    ['file://', 'localhost'],
    ['capacitor://localhost', 'localhost'],
    ['chrome-extension://localhost', 'localhost'],
  ])('%j is refused at %j', (origin, host) => {
    expect(() => rules().assertOrigin(requestOf({ origin, host }))).toThrow(FORBIDDEN)
  })

  it('may be one that is allowed, to the letter', () => {
    const allowed = rules({ corsOrigins: ['https://app.example.com'] })
    const at = (origin: string) => requestOf({ origin, host: 'sync.example.com' })
    allowed.assertOrigin(at('https://app.example.com'))
    for (const origin of [
      'http://app.example.com',
      'https://app.example.com:8443',
      'https://app.example.com.evil.example',
      'https://x.app.example.com',
    ]) {
      expect(() => allowed.assertOrigin(at(origin))).toThrow(FORBIDDEN)
    }
  })
})

describe('an address', () => {
  it.each([
    ['::ffff:10.0.0.1', '10.0.0.1'],
    ['::FFFF:10.0.0.1', '10.0.0.1'],
    ['10.0.0.1', '10.0.0.1'],
    ['::1', '::1'],
    ['2001:DB8::1', '2001:db8::1'],
    ['::ffff:a00:1', '::ffff:a00:1'],
    ['', ''],
  ])('%j is plainly %j', (address, expected) => {
    expect(plainAddress(address)).toBe(expected)
  })

  it.each([
    ['localhost', true],
    ['127.0.0.1', true],
    ['[::1]', true],
    ['127.evil.example', false],
    ['localhost.', false],
    ['0.0.0.0', false],
    ['', false],
  ])('%j is loopback: %p', (name, isLoopback) => {
    expect(isLoopbackName(name)).toBe(isLoopback)
  })
})
