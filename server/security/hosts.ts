// Which Host and Origin a request may name. Checked always: WebSockets have no CORS, body-less
// POSTs no preflight, and DNS rebinding gives a foreign page an Origin that equals its Host.

import type { IncomingMessage } from 'node:http'
import { isIPv4, isIPv6 } from 'node:net'
import { SyncError } from '../../shared/errors.js'
import { headerValues } from './headerValues.js'
import { remembering } from './remembering.js'

interface HostRulesOptions {
  /** Host names beside the loopback ones, with a port (then only that one) or without. */
  readonly allowedHosts: readonly string[]
  /** Origins that may connect and post from elsewhere, exact: `https://app.example.com`. */
  readonly corsOrigins: readonly string[]
  /** Refuse peers that are not on this machine, whatever Host they name. */
  readonly isLoopbackOnly: boolean
}

export interface HostRules {
  /** Throws `forbidden` for a Host that this server doesn't answer to. */
  assertHost(req: IncomingMessage): void
  /** Throws `forbidden` for an Origin that is neither the server's own nor allowed. */
  assertOrigin(req: IncomingMessage): void
}

/** What was found of so many names is remembered: clients name few, and URLs take long to parse. */
const MAX_REMEMBERED = 1000

export function createHostRules(options: HostRulesOptions): HostRules {
  const allowedHosts = new Set(options.allowedHosts.map(asHost))
  const corsOrigins = new Set(options.corsOrigins)
  const isFromHere = remembering(MAX_REMEMBERED, isLoopbackAddress)

  const faultOf = remembering(MAX_REMEMBERED, (host) => {
    const named = parseHost(host)
    if (named === undefined) return 'is missing or not a host'
    const { hostname } = named
    if (isLoopbackName(hostname) || allowedHosts.has(hostname) || allowedHosts.has(named.host)) {
      return undefined
    }
    return 'is not one this server answers to; add it to ALLOWED_HOSTS (allowedHosts)'
  })

  /** Of `origin` and `host`, a line each. */
  const isOwnPage = remembering(MAX_REMEMBERED, (both) => {
    const [origin = '', host] = both.split('\n')
    const isPage = URL.canParse(origin) && /^https?:$/.test(new URL(origin).protocol)
    return isPage && new URL(origin).host === withoutDefaultPort(origin, host)
  })

  return {
    assertHost(req) {
      if (options.isLoopbackOnly && !isFromHere(req.socket.remoteAddress ?? '')) {
        throw new SyncError(
          'forbidden',
          'open mode answers this machine only; configure authentication',
        )
      }
      const [host = '', ...others] = headerValues(req, 'host')
      if (req.headers.host === undefined && req.httpVersion === '1.1') {
        const headers = { Connection: 'close' }
        throw new SyncError('invalid_request', 'Host: is missing', { headers })
      }
      // Of two, a proxy may have looked at the other one.
      const fault = faultOf(others.length === 0 ? host : '')
      if (fault !== undefined) throw new SyncError('forbidden', `Host: ${fault}`)
    },

    assertOrigin({ headers: { origin, host = '' } }) {
      if (origin === undefined || corsOrigins.has(origin)) return
      if (isOwnPage(`${origin}\n${host}`)) return
      throw new SyncError(
        'forbidden',
        'Origin: is not allowed here; add it to CORS_ORIGINS (corsOrigins)',
      )
    },
  }
}

/** `[::1]:5000` and `Example.com` as a URL has them: lower case, addresses in their one spelling. */
function parseHost(host: string): URL | undefined {
  if (!URL.canParse(`http://${host}`)) return undefined
  const url = new URL(`http://${host}`)
  return url.pathname === '/' && url.username === '' ? url : undefined
}

/** A configured name as `parseHost` would give it; a bare IPv6 address gets its brackets. */
function asHost(host: string): string {
  return parseHost(isIPv6(host) ? `[${host}]` : host)?.host ?? host
}

/** Browsers leave the scheme's default port out of the Origin; proxies may leave it in the Host. */
function withoutDefaultPort(origin: string, host = ''): string | undefined {
  const scheme = new URL(origin).protocol
  return URL.canParse(`${scheme}//${host}`) ? new URL(`${scheme}//${host}`).host : undefined
}

export function isLoopbackName(hostname: string): boolean {
  const bare = hostname.replace(/^\[(.*)\]$/, '$1')
  return bare === 'localhost' || isLoopbackAddress(bare)
}

function isLoopbackAddress(address: string): boolean {
  const plain = plainAddress(address)
  if (isIPv4(plain)) return plain.startsWith('127.')
  return isIPv6(plain) && plain === '::1'
}

/** An address without the IPv6 mapping of an IPv4 one: `::ffff:10.0.0.1` → `10.0.0.1`. */
export function plainAddress(address: string): string {
  return address.toLowerCase().replace(/^::ffff:(?=\d+\.)/, '')
}
