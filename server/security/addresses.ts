// Where a client is, as far as that can be known: the peer of its socket, or what a proxy that is
// trusted says of it. Never a header that anybody could have written.

import type { IncomingMessage } from 'node:http'
import { isIP } from 'node:net'
import { ipKeyGenerator } from 'express-rate-limit'
import proxyAddr from 'proxy-addr'
import { plainAddress } from './hosts.js'

/** How many proxies stand in front, or which addresses they have. */
export type TrustProxy = number | readonly string[]

/** The address, or nothing where the client has left. */
export type AddressOf = (req: IncomingMessage) => string

/** Who owns an IPv6 address owns at least its /64, and often a /56: one household, one key. */
const IPV6_PREFIX = 56

export function createAddressOf(trustProxy: TrustProxy): AddressOf {
  const isTrusted =
    typeof trustProxy === 'number'
      ? (_address: string, hop: number) => hop < trustProxy
      : proxyAddr.compile([...trustProxy])
  return (req) => {
    const peer = req.socket.remoteAddress
    // A socket that is gone is nowhere any more.
    if (peer === undefined) return ''
    // Some proxies add the port.
    const told = proxyAddr(req, isTrusted).replace(/^\[(.*)\](:\d+)?$|^([\d.]+):\d+$/, '$1$3')
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
export const addressKey = (address: string): string => ipKeyGenerator(address, IPV6_PREFIX)
