// What the tests need from the system. Finds it; as root with CI=true or in a container it installs
// what is missing; otherwise it stops with the one line to type. Nothing is skipped silently.
import { spawnSync } from 'node:child_process'
import { existsSync, rmSync, writeFileSync } from 'node:fs'

/** Program → Debian packages. */
const NEEDED = {
  curl: ['curl'],
  openssl: ['openssl'],
  // Without a font, text is boxes.
  chromium: ['chromium', 'fonts-dejavu-core'],
  nginx: ['nginx-light'],
  'redis-server': ['redis-server'],
  faketime: ['faketime'],
}

/** Package → the service that it brings along. */
const SERVICES = { 'nginx-light': 'nginx', 'redis-server': 'redis-server' }

/** Asked by Debian whether a package may start its service; 101 says no. */
const POLICY = '/usr/sbin/policy-rc.d'

// nginx lives where only root looks by default.
const env = { ...process.env, PATH: `${process.env.PATH}:/usr/sbin:/sbin` }

const missing = Object.entries(NEEDED)
  .filter(([program]) => spawnSync('sh', ['-c', `command -v ${program}`], { env }).status !== 0)
  .flatMap(([, packages]) => packages)

if (missing.length > 0) {
  const isRoot = process.getuid?.() === 0
  const isContainer = existsSync('/.dockerenv') || existsSync('/run/.containerenv')
  if (!isRoot || !(process.env.CI === 'true' || isContainer)) {
    console.error(`The tests need ${missing.join(', ')}. On Debian or Ubuntu:`)
    console.error(`  sudo apt-get install -y --no-install-recommends ${missing.join(' ')}`)
    for (const [service, name] of Object.entries(SERVICES)) {
      if (!missing.includes(service)) continue
      console.error(`The tests start a ${name} of their own; its service is not needed:`)
      console.error(`  sudo systemctl disable --now ${name}`)
    }
    process.exit(1)
  }
  console.log(`Installing ${missing.join(', ')} …`)
  withoutServices(() => {
    apt('update')
    apt('install', '-y', '--no-install-recommends', ...missing)
  })
}

/** A policy that is there already is left as it is. */
function withoutServices(install) {
  const isOurs = !existsSync(POLICY)
  if (isOurs) writeFileSync(POLICY, '#!/bin/sh\nexit 101\n', { mode: 0o755 })
  try {
    install()
  } finally {
    if (isOurs) rmSync(POLICY)
  }
}

function apt(...args) {
  const aptEnv = { ...env, DEBIAN_FRONTEND: 'noninteractive', RUNLEVEL: '1' }
  const { status } = spawnSync('apt-get', ['-q', ...args], { stdio: 'inherit', env: aptEnv })
  if (status !== 0) throw new Error(`apt-get ${args[0]} failed: ${status}`)
}
