// `npm run cluster`: three nodes, a Redis and an nginx on this machine, to try what docs/deployment.md
// says. It takes free ports and a temporary folder, and leaves nothing behind after Ctrl-C.
import { once } from 'node:events'
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { greeting } from './clusterGreeting.mjs'
import { nginxConfig } from './nginxConfig.mjs'
import { PATH, Part } from './Part.mjs'

const NAMES = ['node 1', 'node 2', 'node 3']
/** Longer than nodes take by default to send their clients away. */
const END_WITHIN_MS = 10_000
/** Program → Debian package. */
const NEEDED = { 'redis-server': 'redis-server', nginx: 'nginx-light' }

assertInstalled()
await import('./buildIfStale.mjs')
if (existsSync('.env')) process.loadEnvFile('.env')

const folder = mkdtempSync(join(tmpdir(), 'syncline-cluster-'))
const parts = []
let isEnding = false
endOnSignals()
try {
  await start()
} catch (error) {
  if (!isEnding) {
    console.error(error.message)
    await end(1)
  }
}

async function start() {
  const redis = await startRedis()
  const nodes = await Promise.all(NAMES.map((name) => startNode(name, redis.url)))
  const nginx = await startNginx(nodes.map(({ port }) => port))
  console.log(greeting({ redis, nodes, nginx }))
}

async function startRedis() {
  const port = await freePort()
  const file = join(folder, 'redis.conf')
  const settings = ['bind 127.0.0.1', `port ${port}`, `dir ${folder}`, 'appendonly yes', 'save ""']
  writeFileSync(file, settings.join('\n'))
  const part = run('Redis', 'redis-server', [file], {
    advice: `Publishing is 503 until it is back: redis-server ${file}`,
  })
  await part.started((printed) => printed.includes('Ready to accept connections'))
  return { url: `redis://127.0.0.1:${port}`, pid: part.pid }
}

async function startNode(name, redisUrl) {
  const env = { HOST: '127.0.0.1', TRUST_PROXY: '1', REDIS_URL: redisUrl }
  const port = await freePort()
  const typed = Object.entries({ PORT: port, ...env }).map(([key, value]) => `${key}=${value}`)
  const part = run(name, process.execPath, ['dist/server/index.js'], {
    // What .env has for a server that is alone.
    env: { LOG_LEVEL: 'warn', ...process.env, SNAPSHOT_FILE: '', PORT: String(port), ...env },
    advice: `The others go on. One in its place: ${typed.join(' ')} npm start`,
  })
  const printed = await part.started((text) => text.includes('running at') && text)
  return { name, port, pid: part.pid, isOpenMode: printed.includes('Open mode') }
}

async function startNginx(nodePorts) {
  const port = await freePort()
  const url = `http://127.0.0.1:${port}`
  writeFileSync(join(folder, 'nginx.conf'), nginxConfig({ folder, port, nodePorts }))
  const part = run('nginx', 'nginx', ['-p', folder, '-c', 'nginx.conf', '-e', 'stderr'], {
    advice: 'The nodes go on, each at its own port.',
  })
  const answers = () =>
    fetch(`${url}/healthz`).then(
      ({ ok }) => ok,
      () => false,
    )
  await part.started(answers)
  return { url, pid: part.pid }
}

function run(name, command, args, { env, advice }) {
  const onEnd = (how) => console.log(`\n  ${name} has ended (${how}). ${advice}\n`)
  const part = new Part(name, command, args, { env, onEnd })
  parts.push(part)
  return part
}

/** The first signal lets nodes send their clients away, a second one ends all at once. */
function endOnSignals() {
  const stop = () => {
    if (isEnding) for (const part of parts) part.kill()
    else end(0)
  }
  process.on('SIGTERM', stop)
  process.on('SIGINT', stop)
  // npm passes no signal on to what it runs.
  const parent = process.ppid
  setInterval(() => process.ppid !== parent && !isEnding && stop(), 1000).unref()
}

/** Nodes first: while they stop they need what stands before and behind them. */
async function end(code) {
  isEnding = true
  const nodes = parts.filter(({ name }) => NAMES.includes(name))
  await Promise.all(nodes.map((part) => part.end(END_WITHIN_MS)))
  await Promise.all(parts.map((part) => part.end(END_WITHIN_MS)))
  rmSync(folder, { recursive: true, force: true })
  process.exit(code)
}

async function freePort() {
  const probe = createServer().listen(0, '127.0.0.1')
  await once(probe, 'listening')
  const { port } = probe.address()
  probe.close()
  await once(probe, 'close')
  return port
}

function assertInstalled() {
  const missing = Object.keys(NEEDED).filter(
    (program) => !PATH.split(':').some((place) => existsSync(join(place, program))),
  )
  if (missing.length === 0) return
  const packages = missing.map((program) => NEEDED[program]).join(' ')
  console.error(`npm run cluster needs ${missing.join(' and ')}. On Debian or Ubuntu:`)
  console.error(`  sudo apt-get install -y --no-install-recommends ${packages}`)
  process.exit(1)
}
