import { defineConfig } from 'vite'

/** The web page that the server serves at `/`. Everything is bundled; nothing comes from elsewhere. */
export default defineConfig({
  root: 'client/dashboard',
  base: './',
  build: {
    outDir: '../../dist/dashboard',
    emptyOutDir: true,
    assetsInlineLimit: 0,
    rolldownOptions: {
      // "use client" is for frameworks that render on a server; it says nothing to a page.
      onwarn: (warning, warn) => warning.code === 'MODULE_LEVEL_DIRECTIVE' || warn(warning),
    },
  },
})
