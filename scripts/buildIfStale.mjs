// Builds what isn't built, or is older than its sources. For `npm start`, and for the examples.
import { spawnSync } from 'node:child_process'
import { existsSync, readdirSync, statSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

process.chdir(join(dirname(fileURLToPath(import.meta.url)), '..'))

if (isStale()) {
  console.log('Building Syncline (only when something has changed) …')
  const { status } = spawnSync(process.execPath, ['scripts/build.mjs'], { stdio: 'inherit' })
  if (status !== 0) process.exit(status ?? 1)
}

/** Whether any source is newer than the last build. An installed package has no sources. */
function isStale() {
  if (!existsSync('server/index.ts')) return false
  if (!existsSync('dist/.built')) return true
  const builtAt = statSync('dist/.built').mtimeMs
  const sources = [
    'package.json',
    'tsconfig.build.json',
    'tsconfig.build.client.json',
    'tsconfig.build.cli.json',
    'tsconfig.build.convex.json',
    'vite.config.ts',
    ...filesIn('server', 'shared', 'client', 'convex'),
  ]
  return sources.some((file) => statSync(file).mtimeMs > builtAt)
}

function filesIn(...folders) {
  return folders.flatMap((folder) =>
    readdirSync(folder, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name)),
  )
}
