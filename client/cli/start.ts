// `syncline start`: the server itself, in this process, so that signals reach it directly.

import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { CliFault, misuse } from './CliFault.js'
import type { Command } from './Command.js'

export const start: Command = {
  name: 'start',
  operands: '',
  summary: 'run a server here',
  about: `Runs the server until Ctrl-C. All its settings hold, from the environment and from .env
in this folder: see docs/settings.md. Without authentication it serves this machine only:
see docs/securing.md.`,
  options: {
    port: { type: 'string', value: 'N', about: 'port to listen on (default: PORT, else 5000)' },
    host: {
      type: 'string',
      value: 'HOST',
      about: 'name or address to listen on (default: HOST, else localhost)',
    },
  },
  examples: ['npx syncline start --port 5001'],

  async run(given) {
    given.require(0, 0)
    // Not a path that a compiler follows: the client's side knows no server.
    const server = new URL('../../server/index.js', import.meta.url)
    if (!existsSync(fileURLToPath(server))) {
      throw new CliFault('the server is not built here: run `npm run build` first')
    }
    const port = given.text('port')
    if (port !== undefined && !(/^\d{1,5}$/.test(port) && Number(port) <= 65_535)) {
      throw misuse('--port has to be a number from 0 to 65535; 0 takes any free one')
    }
    const host = given.text('host')
    // What is set already wins over the file.
    if (port !== undefined) process.env.PORT = port
    if (host !== undefined) process.env.HOST = host
    if (existsSync('.env')) process.loadEnvFile('.env')
    await import(server.href)
  },
}
