// Server-Sent Events over `fetch`: `EventSource` can't send a token, and hides why it failed.

import { type Closure, closureOfCode } from './closures.js'
import type { Environment } from './environment.js'
import { readFrame } from './frames.js'
import type { ResolvedOptions } from './options.js'
import { closureOf, request, withQuery } from './request.js'
import { createSseParser } from './sseParser.js'
import type { LinkEvent, Reading, Transport } from './transport.js'

export function sseTransport({ streamUrl }: ResolvedOptions, { fetch }: Environment): Transport {
  async function read(
    { since, topics, token }: Reading,
    signal: AbortSignal,
    say: (event: LinkEvent) => void,
  ): Promise<Closure> {
    const address = withQuery(streamUrl, { since, topics: topics.join(',') })
    const response = await request(address, { fetch, token, signal, accept: 'text/event-stream' })
    let closure: Closure = { kind: 'lost', why: 'the stream ended' }
    const parse = createSseParser((op, data) => {
      const body = JSON.parse(data)
      const frame = readFrame(op === 'message' ? { op, message: body } : { ...body, op })
      if (frame.op === 'closed') closure = closureOfCode(frame.code)
      else say(frame)
    })
    const decoder = new TextDecoder()
    const reader = response.body?.getReader()
    for (;;) {
      const chunk = await reader?.read()
      if (chunk?.value === undefined) return closure
      parse(decoder.decode(chunk.value, { stream: true }))
    }
  }

  return {
    name: 'sse',
    open(reading, emit) {
      const abort = new AbortController()
      const say = (event: LinkEvent) => {
        if (!abort.signal.aborted) emit(event)
      }
      const end = (closure: Closure) => {
        say({ closure })
        abort.abort()
      }
      read(reading, abort.signal, say).then(end, (error: unknown) => end(closureOf(error)))
      return { close: () => abort.abort() }
    },
  }
}
