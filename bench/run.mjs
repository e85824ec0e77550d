// `npm run bench`: installs the peers where they are missing, builds the product where it is older
// than its sources, makes plain JavaScript of the bench (no loader runs beside what is measured), and
// runs it.
import { spawnSync } from 'node:child_process'
import { existsSync, readdirSync, rmSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { buildSync } from 'esbuild'

const here = dirname(fileURLToPath(import.meta.url))
const built = join(here, 'dist')

if (!existsSync(join(here, 'node_modules'))) {
  run('npm', ['ci', '--no-audit', '--no-fund', '--prefix', here])
}
await import('../scripts/buildIfStale.mjs')
rmSync(built, { recursive: true, force: true })
buildSync({
  entryPoints: sources().map((file) => join(here, file)),
  outdir: built,
  outbase: here,
  format: 'esm',
  target: 'node20',
  platform: 'node',
})
await import('./dist/main.js')

function sources() {
  return readdirSync(here, { recursive: true }).filter(
    (file) => /(?<!\.d)\.ts$/.test(file) && !/(^|\/)(node_modules|dist)\//.test(file),
  )
}

function run(command, args) {
  const { status } = spawnSync(command, args, { stdio: 'inherit' })
  if (status !== 0) process.exit(status ?? 1)
}
