// The Redis user of docs/deployment.md, made by the very line that stands there: nodes can do all
// that they do, and the user can do nothing else. They speak TLS with it, besides.

import { execFile } from 'node:child_process'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, expect, it } from '@jest/globals'
import { Api } from '../../support/Api.js'
import { expectServed } from '../../support/canary.js'
import { freePort } from '../../support/freePort.js'
import { blocksOf } from '../../support/markdown.js'
import { closeOpenClients } from '../../support/openClients.js'
import { RedisServer } from '../../support/RedisServer.js'
import { StreamClient } from '../../support/StreamClient.js'
import { type ServerProcess, spawnServer, startServerProcess } from '../../support/serverProcess.js'
import { waitFor } from '../../support/waitFor.js'

const run = promisify(execFile)
const COMMAND =
  blocksOf(await readFile('docs/deployment.md', 'utf8')).find((block) =>
    block.startsWith('redis-cli ACL SETUSER'),
  ) ?? ''
/** Those that stand there, as `INFO commandstats` names them. */
const allowed = [...COMMAND.matchAll(/\+([\w|]+)/g)].map(([, name = '']) => name)

let folder: string
let redis: RedisServer
let env: Record<string, string>
const nodes: ServerProcess[] = []

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'syncline-tls-'))
  const [key, cert] = [join(folder, 'key.pem'), join(folder, 'cert.pem')]
  const subject = ['-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost']
  const made = ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-keyout', key, '-out', cert]
  await run('openssl', [...made, ...subject])
  const tlsPort = String(await freePort())
  const files = { 'tls-cert-file': cert, 'tls-key-file': key, 'tls-ca-cert-file': cert }
  redis = await RedisServer.start({
    config: { 'tls-port': tlsPort, 'tls-auth-clients': 'no', ...files },
  })
  await run('sh', ['-c', COMMAND.replace('redis-cli', `redis-cli -p ${redis.port}`)])
  env = {
    REDIS_URL: `rediss://syncline:a-long-password@localhost:${tlsPort}/1`,
    NODE_EXTRA_CA_CERTS: cert,
    // So that all of it happens soon: what is too old, and too many keys.
    MESSAGE_TTL_MS: '1000',
    MAX_IDEMPOTENCY_KEYS: '3',
    RATE_LIMIT_MAX: '1000',
    MAX_CONNECTIONS_PER_USER: '3',
  }
  await redis.command('ACL', 'LOG', 'RESET')
  for (let count = 0; count < 2; count += 1) nodes.push(await startServerProcess(env))
})
afterAll(async () => {
  await closeOpenClients()
  for (const node of nodes) await node.kill()
  await redis.stop()
  await rm(folder, { recursive: true })
})

it('lets nodes do all that they do', async () => {
  const [first, second] = nodes.map(({ url }) => new Api(url))
  const key = (name: string) => ({ 'Idempotency-Key': name })
  for (const name of ['a', 'b', 'c']) await first!.send({ type: 'a' }, key(name))
  expect((await second!.send({ type: 'a' }, key('a'))).body.duplicate).toBe(true)
  expect((await second!.send({ type: 'b' }, key('a'))).status).toBe(422)
  expect((await first!.send({ type: 'a' }, key('d'))).status).toBe(503)
  expect((await first!.force()).status).toBe(202)
  const stream = await StreamClient.open(nodes[1]!.url)
  await stream.next('connected')
  expect((await first!.broadcast({ type: 'all' })).body).toMatchObject({ recipients: 1 })
  const { body } = await first!.request('POST', '/api/sync/ticket')
  const query = { ticket: body.ticket }
  expect((await StreamClient.open(nodes[1]!.url, { query })).response.statusCode).toBe(200)
  expect((await StreamClient.open(nodes[0]!.url, { query })).response.statusCode).toBe(401)
  const revoked = await first!.request('POST', '/api/sync/revoke', { body: { userId: 'bob' } })
  expect(revoked.status).toBe(200)
  // After a restart of Redis its scripts are gone.
  await redis.command('SCRIPT', 'FLUSH')
  await expectServed(nodes[0]!.url)
  await redis.command('SELECT', 1)
  const length = () => redis.command('XLEN', '{syncline}:log')
  await waitFor('what is too old to have left the log', async () => Number(await length()) === 0)
})

it('has refused nothing, and allows nothing that is not used', async () => {
  nodes[0]!.child.kill('SIGTERM')
  await nodes[0]!.exited
  const refused = (await redis.command('ACL', 'LOG')) as unknown[][]
  expect(refused.map((entry) => entry.join(' '))).toEqual([])
  const stats = String(await redis.command('INFO', 'commandstats'))
  expect(allowed.filter((name) => !stats.includes(`cmdstat_${name}:`))).toEqual([])
})

it('has no way to other keys, other commands, or the keys of another prefix', async () => {
  const tries = [
    ['GET', 'elsewhere'],
    ['XLEN', '{syncline2}:log'],
    ['FLUSHALL'],
    ['CONFIG', 'GET', '*'],
    ['KEYS', '*'],
    ['ACL', 'LIST'],
  ]
  for (const command of tries) {
    const answer = await redis.command('ACL', 'DRYRUN', 'syncline', ...command)
    expect([command, answer]).toEqual([command, expect.stringMatching(/permissions/)])
  }
})

it('does not believe a Redis whose certificate nobody vouches for', async () => {
  const node = spawnServer({ ...env, NODE_EXTRA_CA_CERTS: '', PORT: '0' })
  try {
    await waitFor('it to say so', () => node.output().includes('SELF_SIGNED_CERT'))
  } finally {
    await node.kill()
  }
})
