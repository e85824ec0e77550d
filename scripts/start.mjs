// `npm start`: builds what isn't built, then runs the server in this very process, so that
// signals reach it directly. Settings come from the environment and from a `.env` file.
import { existsSync } from 'node:fs'
import './buildIfStale.mjs'

if (existsSync('.env')) process.loadEnvFile('.env')
await import('../dist/server/index.js')
