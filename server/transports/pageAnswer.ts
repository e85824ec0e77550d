// Answers a poll with its page: compressed where that is switched on, worth it and welcome.

import type { ServerResponse } from 'node:http'
import { sendBody, sendJsonText } from './answer.js'
import type { Compression } from './Compression.js'
import { encodingFor } from './encodings.js'
import { sayBeside } from './head.js'

export function sendPage(
  res: ServerResponse,
  json: string,
  compression: Compression | undefined,
): void {
  if (compression === undefined || json.length < compression.minPageBytes) {
    return sendJsonText(res, 200, json)
  }
  sayBeside(res, 'Vary', 'Accept-Encoding')
  const plain = () => sendJsonText(res, 200, json)
  const encoding = encodingFor(res.req.headers['accept-encoding'])
  if (encoding === undefined) return plain()
  compression.page(`${json}\n`, encoding).then((encoded) => {
    // It was answered otherwise meanwhile, or its client has left.
    if (res.headersSent || res.destroyed) return
    compression.notePage(Buffer.byteLength(json) + 1, encoded.length)
    sendBody(res, 200, encoded, { 'Content-Encoding': encoding })
  }, plain)
}
