// WebSocket frames (RFC 6455, section 5.2) for what a server sends: text, final, unmasked.

import type { Format } from '../delivery/Format.js'

const FINAL_TEXT = 0x81
const LENGTH_16 = 126
const LENGTH_64 = 127

export const webSocketFormat: Format = {
  entry({ kind, json, cursor }) {
    if (kind === 'message') return frame(`{"op":"message","message":${json}}`)
    return frame(JSON.stringify({ op: 'resync', reason: 'forced', cursor }))
  },
  event(name, bodyJson) {
    const rest = bodyJson === '{}' ? '}' : `,${bodyJson.slice(1)}`
    return frame(`{"op":${JSON.stringify(name)}${rest}`)
  },
}

function frame(text: string): Buffer {
  const length = Buffer.byteLength(text)
  const headerLength = length < LENGTH_16 ? 2 : length < 0x10000 ? 4 : 10
  const bytes = Buffer.allocUnsafe(headerLength + length)
  bytes[0] = FINAL_TEXT
  if (headerLength === 2) {
    bytes[1] = length
  } else if (headerLength === 4) {
    bytes[1] = LENGTH_16
    bytes.writeUInt16BE(length, 2)
  } else {
    bytes[1] = LENGTH_64
    bytes.writeBigUInt64BE(BigInt(length), 2)
  }
  bytes.write(text, headerLength)
  return bytes
}
