// compose.yaml without Docker: it is read as Compose reads it, what it names is there, and Redis and a
// node run by what it says.

import { execFile } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { promisify } from 'node:util'
import { afterAll, expect, it } from '@jest/globals'
import { envName, readSettings, settingsSchema } from '../../../server/config.js'
import { readCompose } from '../../support/compose.js'
import { RedisServer } from '../../support/RedisServer.js'
import { startServerProcess } from '../../support/serverProcess.js'

const run = promisify(execFile)
const SECRETS = { AUTH_JWT_SECRET: 'a'.repeat(64), REDIS_PASSWORD: 'b'.repeat(64) }
const { services, volumes } = readCompose(SECRETS)
const NODES = ['node1', 'node2', 'node3'] as const
const nginxConf = readFileSync('examples/nginx.conf', 'utf8')

const toStop: (() => Promise<unknown>)[] = []
afterAll(async () => {
  for (const stop of toStop.reverse()) await stop()
})

it.each(Object.keys(SECRETS))('starts nothing without %s, and holds none itself', (name) => {
  expect(() => readCompose({ ...SECRETS, [name]: '' })).toThrow(name)
})

it('waits only for services that say whether they are well', () => {
  for (const { depends_on: needed = {} } of Object.values(services)) {
    for (const [name, { condition }] of Object.entries(needed)) {
      expect(condition).toBe('service_healthy')
      expect(services[name]?.healthcheck?.test[0]).toBe('CMD')
    }
  }
  expect(Object.keys(services.nginx?.depends_on ?? {})).toEqual(NODES)
})

it('puts nginx before the nodes that there are, where they listen, and nothing else outside', () => {
  const upstream = [...nginxConf.matchAll(/server (\w+):(\d+) /g)].map(([, name, port]) => ({
    name,
    port,
  }))
  const port = /PORT=(\d+)/.exec(readFileSync('Dockerfile', 'utf8'))?.[1]
  expect(upstream).toEqual(NODES.map((name) => ({ name, port })))
  const published = Object.entries(services).flatMap(([name, { ports = [] }]) =>
    ports.map((mapping) => `${name} ${mapping}`),
  )
  expect(published).toEqual([`nginx 8080:${/listen (\d+);/.exec(nginxConf)?.[1]}`])
})

it('mounts what is there', () => {
  const sources = Object.values(services).flatMap(({ volumes: mounts = [] }) =>
    mounts.map((mount) => mount.split(':')[0] ?? ''),
  )
  expect(sources.length).toBeGreaterThan(1)
  for (const source of sources) {
    expect([source, source.startsWith('.') ? existsSync(source) : source in volumes]).toEqual([
      source,
      true,
    ])
  }
})

it.each(NODES)('gives %s settings that there are, and time to send its clients away', (name) => {
  const { environment = {}, stop_grace_period: grace = '' } = services[name]!
  const known = Object.keys(settingsSchema.shape).map(envName)
  expect(Object.keys(environment).filter((key) => !known.includes(key))).toEqual([])
  const { shutdownTimeoutMs } = readSettings(environment)
  expect(Number.parseInt(grace, 10) * 1000).toBeGreaterThan(shutdownTimeoutMs + 2000)
})

it('runs a Redis and a node that are well by their health checks', async () => {
  const redis = await RedisServer.start({ config: configOf(services.redis!.command ?? []) })
  toStop.push(() => redis.stop())
  await redis.command('CONFIG', 'SET', 'requirepass', SECRETS.REDIS_PASSWORD)
  const { environment = {}, healthcheck } = services.node1!
  const node = await startServerProcess({
    ...environment,
    NODE_ENV: 'production',
    REDIS_URL: environment.REDIS_URL!.replace('redis:6379', new URL(redis.url).host),
  })
  toStop.push(() => node.kill())
  const [, program = '', ...args] = healthcheck?.test ?? []
  const check = (port: string) =>
    run(
      program,
      args.map((arg) => arg.replace('5000', port)),
    ).then(
      () => 'well',
      () => 'not well',
    )
  expect(await check(new URL(node.url).port)).toBe('well')
  await node.kill()
  expect(await check(new URL(node.url).port)).toBe('not well')

  const ask = ['-p', String(redis.port), ...services.redis!.healthcheck!.test.slice(2)]
  const { stdout } = await run('redis-cli', ask, {
    env: { ...process.env, ...services.redis!.environment },
  })
  expect(stdout.trim()).toBe('PONG')
})

/** `--name value …` as settings, without the password, which is set later. */
function configOf([, ...args]: readonly string[]): Record<string, string> {
  const names = args.flatMap((arg, index) => (arg.startsWith('--') ? [index] : []))
  const config = names.map((index) => [args[index]!.slice(2), args[index + 1] ?? ''])
  return Object.fromEntries(config.filter(([name]) => name !== 'requirepass'))
}
