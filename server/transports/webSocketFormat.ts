// WebSocket frames (RFC 6455, section 5.2) for what a server sends: text, final, unmasked.

import type { Format } from '../delivery/Format.js'

const FINAL_TEXT = 0x81
const LENGTH_16 = 126
const LENGTH_64 = 127

export const webSocketFormat: Format = {
  entry({ kind, json, cursor }) {
    if (kind === 'message') return textFrame(`{"op":"message","message":${json}}`)
    return textFrame(JSON.stringify({ op: 'resync', reason: 'forced', cursor }))
  },
  event(name, bodyJson) {
    const rest = bodyJson === '{}' ? '}' : `,${bodyJson.slice(1)}`
    return textFrame(`{"op":${JSON.stringify(name)}${rest}`)
  },
}

/** A frame of bytes. `first` is its first byte: the final bit, reserved bits and the opcode. */
export function frame(first: number, payload: Buffer): Buffer {
  const bytes = framed(first, payload.length)
  payload.copy(bytes, bytes.length - payload.length)
  return bytes
}

export function payloadOf(frame: Buffer): Buffer {
  return frame.subarray(frame[1] === LENGTH_64 ? 10 : frame[1] === LENGTH_16 ? 4 : 2)
}

function textFrame(text: string): Buffer {
  const length = Buffer.byteLength(text)
  const bytes = framed(FINAL_TEXT, length)
  bytes.write(text, bytes.length - length)
  return bytes
}

/** A header, with room for the payload behind it. */
function framed(first: number, length: number): Buffer {
  const headerLength = length < LENGTH_16 ? 2 : length < 0x10000 ? 4 : 10
  const bytes = Buffer.allocUnsafe(headerLength + length)
  bytes[0] = first
  if (headerLength === 2) {
    bytes[1] = length
  } else if (headerLength === 4) {
    bytes[1] = LENGTH_16
    bytes.writeUInt16BE(length, 2)
  } else {
    bytes[1] = LENGTH_64
    bytes.writeBigUInt64BE(BigInt(length), 2)
  }
  return bytes
}
