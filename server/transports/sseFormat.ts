// Server-Sent Events as the HTML standard writes them ("9.2.6 Interpreting an event stream").
// Every event that names a cursor carries it as its id, so that EventSource hands it back.

import type { Format } from '../delivery/Format.js'

interface SseFormat extends Format {
  /** `retryMs`: how long an EventSource waits before it comes back, from this event on. */
  event(name: string, bodyJson: string, cursor?: string, retryMs?: number): Buffer
}

/** Events as they are, for a medium that frames them itself. */
export const sseFormat: SseFormat = formatOf((text) => Buffer.from(text))

/**
 * Events as chunks of an HTTP/1.1 body (RFC 9112, section 7.1): framed once for everybody, where
 * Node would frame them anew for each response.
 */
export const chunkedSseFormat: SseFormat = formatOf(inChunk)

function formatOf(encode: (text: string) => Buffer): SseFormat {
  const event = (name: string, dataJson: string, cursor?: string, retryMs?: number) =>
    encode(eventText(name, dataJson, cursor, retryMs))
  return {
    entry({ kind, json, cursor }) {
      if (kind === 'message') return event('message', json, cursor)
      return event('resync', JSON.stringify({ reason: 'forced', cursor }), cursor)
    },
    event,
  }
}

/** `dataJson` is one line: JSON text escapes line breaks. */
function eventText(name: string, dataJson: string, cursor?: string, retryMs?: number): string {
  const retry = retryMs === undefined ? '' : retryField(retryMs)
  const id = cursor === undefined ? '' : `id: ${cursor}\n`
  return `${retry}${id}event: ${name}\ndata: ${dataJson}\n\n`
}

function inChunk(text: string): Buffer {
  return Buffer.from(`${Buffer.byteLength(text).toString(16)}\r\n${text}\r\n`)
}

/** How long an EventSource waits before it comes back: a field for the head of any event. */
export const retryField = (ms: number): string => `retry: ${ms}\n`
