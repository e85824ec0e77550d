// Builds the test page once, before the browser tests. Jest runs it outside of its own module
// loader, so it imports nothing of the project.

import { build } from 'vite'

// biome-ignore lint/style/noDefaultExport: Jest takes the default export of a globalSetup
export default async function buildPage(): Promise<void> {
  await build({
    configFile: false,
    root: 'tests/browser/page',
    base: './',
    logLevel: 'warn',
    build: { outDir: '../../../dist/test-page', emptyOutDir: true },
  })
}
