// A page by jsdom in which a real server runs, too: what Node has and jsdom lacks, or has only for
// itself, is lent to it. `visit` makes it a page of another address.

import { TestEnvironment } from 'jest-environment-jsdom'

const LENT = [
  'AbortController',
  'AbortSignal',
  'ArrayBuffer',
  'DataView',
  'Headers',
  'ReadableStream',
  'Request',
  'Response',
  'TextDecoder',
  'TextDecoderStream',
  'TextEncoder',
  'TransformStream',
  'URL',
  'URLSearchParams',
  'Uint8Array',
  'WritableStream',
  'clearImmediate',
  'clearInterval',
  'clearTimeout',
  'crypto',
  'fetch',
  'performance',
  'setImmediate',
  'setInterval',
  'setTimeout',
  'structuredClone',
]

// biome-ignore lint/style/noDefaultExport: Jest takes no other.
export default class PageEnvironment extends TestEnvironment {
  async setup() {
    await super.setup()
    for (const name of LENT) {
      Object.defineProperty(this.global, name, {
        value: globalThis[name],
        configurable: true,
        writable: true,
      })
    }
    this.global.visit = (url) => this.dom.reconfigure({ url })
  }
}
