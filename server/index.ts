// The process: settings from the environment, a server, and an orderly end.

import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { ConfigError } from '../shared/errors.js'
import { readSettings, type Settings } from './config.js'
import { createSyncServer, type SyncServer } from './createSyncServer.js'
import { createLogger } from './logger.js'

/** Built by Vite beside the compiled server; run from source, it is in `dist` all the same. */
const DASHBOARD_FOLDERS = ['../dashboard', '../dist/dashboard']

try {
  await run()
} catch (error) {
  if (!(error instanceof ConfigError)) throw error
  process.stderr.write(`Syncline can't start:\n${error.message}\n`)
  process.exit(1)
}

async function run(): Promise<void> {
  const settings = readSettings()
  const logger = createLogger(settings.logLevel)
  const dashboardFolder = DASHBOARD_FOLDERS.map((path) =>
    fileURLToPath(new URL(path, import.meta.url)),
  ).find((folder) => existsSync(folder))
  const server = await createSyncServer({
    ...settings,
    logger,
    ...(dashboardFolder !== undefined && { dashboardFolder }),
  })
  endOnSignals(server)
  if (process.env.npm_command !== undefined) endWithParent()
  const { url } = await listen(server, settings)
  process.stdout.write(greeting(url, server.isOpenMode, settings))
}

/** Where that fails, a log that was taken out of its file goes back there. */
async function listen(server: SyncServer, { snapshotFile }: Settings): Promise<{ url: string }> {
  try {
    return await server.listen()
  } catch (error) {
    if (snapshotFile !== undefined) await server.close()
    throw error
  }
}

/** The first signal drains, a second one ends at once. */
function endOnSignals(server: SyncServer): void {
  let isStopping = false
  const stop = () => {
    if (isStopping) process.exit(1)
    isStopping = true
    server.close().then(
      () => process.exit(0),
      () => process.exit(1),
    )
  }
  process.on('SIGTERM', stop)
  process.on('SIGINT', stop)
}

/** npm passes no signal on to what it runs: where it was stopped, this is stopped, too. */
function endWithParent(): void {
  const parent = process.ppid
  const timer = setInterval(() => {
    if (process.ppid === parent) return
    clearInterval(timer)
    process.kill(process.pid, 'SIGTERM')
  }, 1000)
  timer.unref()
}

function greeting(url: string, isOpenMode: boolean, { authJwtSecret }: Settings): string {
  const first = ['', `  Syncline is running at ${url}`]
  const openMode = [
    '  Open mode: this machine only, and everybody on it is an admin.',
    '',
    '  Send a message, then read it:',
    `  curl ${url}/api/sync/send -H 'Content-Type: application/json' -d '{"type":"test","payload":{"message":"Hello"}}'`,
    `  curl ${url}/api/sync/poll`,
  ]
  const secured = [
    '',
    '  Who asks has to show a token:',
    ...(authJwtSecret === undefined ? [] : ['  TOKEN=$(npx syncline token --user alice)']),
    `  curl ${url}/api/sync/poll -H "Authorization: Bearer $TOKEN"`,
  ]
  return [...first, ...(isOpenMode ? openMode : secured), '', ''].join('\n')
}
