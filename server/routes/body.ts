// Reads a JSON body: UTF-8 or nothing, within its limit, also where the host's own parser was first.

import type { IncomingMessage, ServerResponse } from 'node:http'
import { type Request, type Response, raw } from 'express'
import { SyncError } from '../../shared/errors.js'

/** A request whose body a host's parser may have read already. */
type MaybeParsed = IncomingMessage & { readonly body?: unknown }

/** Keeps no state from one body to the next, since each is decoded at once. */
const UTF8 = new TextDecoder('utf-8', { fatal: true })

/** `content` is `undefined` where there was no body. */
interface Body {
  readonly content: unknown
  /** When it was unpacked. */
  readonly bytes: number
}

/** Reads the body of a request. Throws a `SyncError` that says what is wrong. */
export async function readBody(
  req: MaybeParsed,
  res: ServerResponse,
  maxBytes: number,
): Promise<Body> {
  // First, since body parsers of Express 4 say `{}` where there is none.
  if (!hasBody(req)) return { content: undefined, bytes: 0 }
  if (req.body !== undefined) return checkParsed(req, maxBytes)
  assertJson(req.headers['content-type'])
  if (Number(req.headers['content-length'] ?? 0) > maxBytes) throw tooLarge(maxBytes)
  const bytes = await (isPlain(req) ? readPlain(req, maxBytes) : readAny(req, res, maxBytes))
  return { content: bytes.length === 0 ? undefined : parseJson(bytes), bytes: bytes.length }
}

function hasBody({ headers }: IncomingMessage): boolean {
  const length = headers['content-length']
  return headers['transfer-encoding'] !== undefined || (length !== undefined && length !== '0')
}

function assertJson(contentType = ''): void {
  const [type = '', ...parameters] = contentType
    .toLowerCase()
    .split(';')
    .map((part) => part.trim())
  const charset = parameters.find((parameter) => parameter.startsWith('charset='))
  const isUtf8 = charset === undefined || /^charset="?utf-?8"?$/.test(charset)
  if (type === 'application/json' && isUtf8) return
  throw new SyncError(
    'unsupported_media_type',
    'Content-Type: must be application/json in UTF-8 (curl: -H "Content-Type: application/json")',
  )
}

/** Whether its bytes are the body's, and nobody has begun to read them. */
function isPlain({ headers, readableDidRead, readableEncoding }: IncomingMessage): boolean {
  return headers['content-encoding'] === undefined && !readableDidRead && readableEncoding === null
}

/** What nearly every body is. Reads on to the end, so that the answer arrives, but keeps no more than that. */
function readPlain(req: IncomingMessage, maxBytes: number): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = []
    let received = 0
    const cut = () => {
      if (!req.readableEnded) reject(readingFault(undefined, maxBytes))
    }
    req.on('data', (chunk: Buffer) => {
      received += chunk.length
      if (received <= maxBytes) return chunks.push(chunk)
      chunks.length = 0
      reject(tooLarge(maxBytes))
    })
    req.once('end', () =>
      resolve(chunks.length === 1 ? (chunks[0] as Buffer) : Buffer.concat(chunks)),
    )
    req.once('error', cut)
    req.once('close', cut)
  })
}

/** What is packed, or was begun by others, by Express's own reader. */
function readAny(req: MaybeParsed, res: ServerResponse, maxBytes: number): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    // Express tells of a body that is too large only when it has read all of it.
    let received = 0
    req.on('data', (chunk: Buffer) => {
      received += chunk.length
      if (received > maxBytes) reject(tooLarge(maxBytes))
    })
    raw({ type: () => true, limit: maxBytes })(
      req as Request,
      res as Response,
      (error?: unknown) => {
        if (error !== undefined) reject(readingFault(error, maxBytes))
        else resolve(Buffer.isBuffer(req.body) ? req.body : Buffer.alloc(0))
      },
    )
  })
}

function readingFault(error: unknown, maxBytes: number): SyncError {
  const type = error instanceof Error && 'type' in error ? error.type : undefined
  if (type === 'entity.too.large') return tooLarge(maxBytes)
  if (type === 'encoding.unsupported') {
    return new SyncError(
      'unsupported_media_type',
      'Content-Encoding: is not one that is known here',
    )
  }
  return new SyncError('invalid_request', 'the body could not be read to its end')
}

function parseJson(bytes: Buffer): unknown {
  try {
    return JSON.parse(UTF8.decode(bytes))
  } catch (error) {
    const fault = error instanceof SyntaxError ? 'JSON' : 'UTF-8'
    throw new SyncError('invalid_request', `the body is not valid ${fault}`)
  }
}

/** For a body that a host's `express.json()` has parsed already: its size is all that is left to check. */
function checkParsed({ body, headers }: MaybeParsed, maxBytes: number): Body {
  if (Buffer.isBuffer(body)) {
    if (body.length > maxBytes) throw tooLarge(maxBytes)
    return { content: parseJson(body), bytes: body.length }
  }
  assertJson(headers['content-type'])
  const declared = headers['content-encoding'] === undefined ? headers['content-length'] : undefined
  const length = declared === undefined ? encodedLength(body) : Number(declared)
  if (length > maxBytes) throw tooLarge(maxBytes)
  return { content: body, bytes: length }
}

/** What is nested thousands of levels deep is read without a fault, and can't be written again. */
function encodedLength(body: unknown): number {
  try {
    return Buffer.byteLength(JSON.stringify(body))
  } catch {
    throw new SyncError('invalid_request', 'the body is nested too deep')
  }
}

function tooLarge(maxBytes: number): SyncError {
  return new SyncError('too_large', `the body may have at most ${maxBytes} bytes`)
}
