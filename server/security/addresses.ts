// Where a client is, as far as that can be known: the peer of its socket, or what a proxy that is
// trusted says of it. Never a header that anybody could have written.

import type { IncomingHttpHeaders, IncomingMessage } from 'node:http'
import { isIP } from 'node:net'
import { ipKeyGenerator } from 'express-rate-limit'
import proxyAddr from 'proxy-addr'
import { plainAddress } from './hosts.js'
import { remembering } from './remembering.js'

/** How many proxies stand in front, or which addresses they have. */
export type TrustProxy = number | readonly string[]

/** What is looked at of a request, or of the handshake of a WebSocket that is long open. */
export interface Asker {
  readonly headers: IncomingHttpHeaders
  readonly socket: { readonly remoteAddress?: string | undefined }
}

export type AddressOf = (asker: Asker) => string

/** Who owns an IPv6 address owns at least its /64, and often a /56: one household, one key. */
const IPV6_PREFIX = 56

/** To be remembered: an IPv6 address takes longer to be cut down than a request to be answered. */
const MAX_ADDRESSES = 10_000

/** `onIgnored` is called once, where a proxy may stand in front that nobody has told of. */
export function createAddressOf(trustProxy: TrustProxy, onIgnored: () => void): AddressOf {
  let isTold = false
  const isTrusted =
    typeof trustProxy === 'number'
      ? (_address: string, hop: number) => hop < trustProxy
      : proxyAddr.compile([...trustProxy])
  return (req) => {
    const peer = req.socket.remoteAddress
    // Who has hung up has no address any more.
    if (peer === undefined) return ''
    if (trustProxy === 0) {
      if (!isTold && req.headers['x-forwarded-for'] !== undefined) onIgnored()
      isTold ||= req.headers['x-forwarded-for'] !== undefined
      return plainAddress(peer)
    }
    // Some proxies add the port.
    // Of the request it reads no more than that.
    const told = proxyAddr(req as IncomingMessage, isTrusted).replace(
      /^\[(.*)\](:\d+)?$|^([\d.]+):\d+$/,
      '$1$3',
    )
    return plainAddress(isIP(told) === 0 ? peer : told)
  }
}

/** Whether these can be addresses of proxies: addresses, ranges, or `loopback` and its like. */
export function areProxies(addresses: readonly string[]): boolean {
  // A bare number is a spelling of an address, but who writes one means a count.
  if (addresses.some((address) => /^\d+$/.test(address))) return false
  try {
    proxyAddr.compile([...addresses])
    return true
  } catch {
    return false
  }
}

/** What an address is counted as: an IPv4 address itself, however it is written; an IPv6 prefix. */
export const addressKey = remembering(MAX_ADDRESSES, (address: string): string =>
  ipKeyGenerator(address, IPV6_PREFIX),
)
