// Vite transforms TypeScript and JSX by itself.

import { defineConfig } from 'vite'

export default defineConfig({
  // One React, also where `syncline` is a link to a folder that has one of its own.
  resolve: { dedupe: ['react', 'react-dom'] },
})
