// Server-Sent Events as the HTML standard writes them ("9.2.6 Interpreting an event stream").
// Every event that names a cursor carries it as its id, so that EventSource hands it back.

import type { Format } from '../delivery/Format.js'

export const sseFormat: Format = {
  entry({ kind, json, cursor }) {
    if (kind === 'message') return event('message', json, cursor)
    return event('resync', JSON.stringify({ reason: 'forced', cursor }), cursor)
  },
  event,
}

/** `dataJson` is one line: JSON text escapes line breaks. */
function event(name: string, dataJson: string, cursor?: string): Buffer {
  const id = cursor === undefined ? '' : `id: ${cursor}\n`
  return Buffer.from(`${id}event: ${name}\ndata: ${dataJson}\n\n`)
}

/** How long an EventSource waits before it comes back: a field for the head of any event. */
export const retryField = (ms: number): Buffer => Buffer.from(`retry: ${ms}\n`)
