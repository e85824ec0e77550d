// What a page has to load, as others measure it: one file, minified and gzipped, React apart.

import { gzipSync } from 'node:zlib'
import { expect, it } from '@jest/globals'
import { build } from 'esbuild'
import { minify } from 'terser'

const KB = 1000

/** The bytes of a file that exports this, with all that it imports but for `external`. */
async function gzippedBytes(source: string, external: readonly string[]): Promise<number> {
  const { outputFiles } = await build({
    stdin: { contents: source, resolveDir: '.', loader: 'ts' },
    bundle: true,
    minify: true,
    write: false,
    format: 'esm',
    target: 'es2022',
    external: [...external],
  })
  const { code } = await minify(outputFiles[0]?.text ?? '', {
    module: true,
    compress: { passes: 3 },
  })
  return gzipSync(code ?? '', { level: 9 }).length
}

it('takes at most 6 kB to connect over WebSocket', async () => {
  const source = `export { ConnectionManager } from './client/connection/index.js'`
  expect(await gzippedBytes(source, ['./onDemand.js'])).toBeLessThanOrEqual(6 * KB)
})

it('takes at most 10 kB with all transports, sending and the React binding', async () => {
  const source = `export * from './client/connection/index.js'; export * from './client/react/index.js'`
  expect(await gzippedBytes(source, ['react'])).toBeLessThanOrEqual(10 * KB)
})
