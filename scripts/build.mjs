// Compiles the server, the client and the component for Convex, and builds the dashboard into dist/, from scratch.
import { spawnSync } from 'node:child_process'
import { chmodSync, existsSync, rmSync, writeFileSync } from 'node:fs'

if (!existsSync('node_modules/typescript')) {
  console.error('Building needs the development packages: run `npm ci` without --omit=dev first.')
  process.exit(1)
}

rmSync('dist', { recursive: true, force: true })
// The command line first: what it shares with pages is then written as pages need it.
run('node_modules/typescript/bin/tsc', '-p', 'tsconfig.build.cli.json')
// The client next: what it shares with the server is then written as the server needs it.
run('node_modules/typescript/bin/tsc', '-p', 'tsconfig.build.client.json')
run('node_modules/typescript/bin/tsc', '-p', 'tsconfig.build.json')
run('node_modules/typescript/bin/tsc', '-p', 'tsconfig.build.convex.json')
run('node_modules/vite/bin/vite.js', 'build', '--logLevel', 'warn')
chmodSync('dist/client/cli/index.js', 0o755)
writeFileSync('dist/.built', '')

function run(...args) {
  const { status } = spawnSync(process.execPath, args, { stdio: 'inherit' })
  if (status !== 0) process.exit(status ?? 1)
}
