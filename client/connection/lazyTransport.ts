// A transport whose code comes when it is first needed, or a moment before.

import type { Link, Transport, TransportName } from './transport.js'

export function lazyTransport(name: TransportName, load: () => Promise<Transport>): Transport {
  let loaded: Transport | undefined
  return {
    name,
    open(reading, emit) {
      let link: Link | undefined
      let isClosed = false
      const open = async () => {
        loaded ??= await load()
        if (!isClosed) link = loaded.open(reading, emit)
      }
      open().catch(() => {
        if (!isClosed) emit({ closure: { kind: 'unusable', why: 'not loaded' } })
      })
      return {
        close() {
          isClosed = true
          link?.close()
        },
      }
    },
  }
}
