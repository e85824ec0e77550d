// What the tests need from the system. Finds it; as root with CI=true or in a container it installs
// what is missing; otherwise it stops with the one line to type. Nothing is skipped silently.
import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'

/** Program → Debian package. */
const NEEDED = { curl: 'curl' }

const missing = Object.entries(NEEDED)
  .filter(([program]) => spawnSync('sh', ['-c', `command -v ${program}`]).status !== 0)
  .map(([, name]) => name)

if (missing.length > 0) {
  const isRoot = process.getuid?.() === 0
  const isContainer = existsSync('/.dockerenv') || existsSync('/run/.containerenv')
  if (!isRoot || !(process.env.CI === 'true' || isContainer)) {
    console.error(`The tests need ${missing.join(', ')}. On Debian or Ubuntu:`)
    console.error(`  sudo apt-get install -y ${missing.join(' ')}`)
    process.exit(1)
  }
  console.log(`Installing ${missing.join(', ')} …`)
  apt('update')
  apt('install', '-y', '--no-install-recommends', ...missing)
}

function apt(...args) {
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive', RUNLEVEL: '1' }
  const { status } = spawnSync('apt-get', ['-q', ...args], { stdio: 'inherit', env })
  if (status !== 0) process.exit(status ?? 1)
}
