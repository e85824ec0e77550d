// Which offers of permessage-deflate (RFC 7692) are taken. `ws` negotiates, but it answers 400 where
// anything about an offer is odd; a server that takes no compression has to go on without it.

import type { PerMessageDeflateOptions } from 'ws'
import { MAX_WINDOW_BITS, WINDOW_BITS } from './DeflatedFormat.js'

const NAME = 'permessage-deflate'

/** No context takeover: every frame stands alone, so that one can be shared by all who read it. */
export const DEFLATE: PerMessageDeflateOptions = {
  serverNoContextTakeover: true,
  clientNoContextTakeover: true,
  // What clients send is unpacked by Node's thread pool, where files are read and names are looked up.
  concurrencyLimit: 4,
  // Kept for each socket that ever sent something compressed.
  zlibInflateOptions: { chunkSize: 4096 },
}

const ANY_WINDOW = /^client_max_window_bits(=([89]|1[0-5]))?$/
const OUR_WINDOW = /^server_max_window_bits=(\d\d)$/

/** Whether all that a handshake offers is compression that this server can speak. */
export function offersDeflate(header: string | undefined): boolean {
  return header?.split(',').every(isTaken) ?? false
}

/** Whether it was agreed on, by the extensions of an open socket. */
export const hasDeflate = ({ extensions }: { readonly extensions: string }): boolean =>
  extensions.split(',').includes(NAME)

function isTaken(offer: string): boolean {
  const [name, ...parameters] = offer.split(';').map((part) => part.trim())
  const names = new Set(parameters.map((parameter) => parameter.split('=')[0]))
  return name === NAME && names.size === parameters.length && parameters.every(isKnown)
}

function isKnown(parameter: string): boolean {
  if (/^(server|client)_no_context_takeover$/.test(parameter)) return true
  if (ANY_WINDOW.test(parameter)) return true
  const bits = Number(OUR_WINDOW.exec(parameter)?.[1] ?? 0)
  return bits >= WINDOW_BITS && bits <= MAX_WINDOW_BITS
}
