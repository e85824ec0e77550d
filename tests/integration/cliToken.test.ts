// Tokens from the command line: a server with the same secret believes them, and the secret comes
// from the environment or from `.env`, never from the line.

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { Api } from '../support/Api.js'
import { runCli } from '../support/cliProcess.js'
import { type ServerProcess, startServerProcess } from '../support/serverProcess.js'

const AUTH_JWT_SECRET = 'a secret that is long enough for HS256'

let server: ServerProcess
let folder: string

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'syncline-token-'))
  server = await startServerProcess({ AUTH_JWT_SECRET, LOG_LEVEL: 'silent' })
})
afterAll(async () => {
  await server.kill()
  rmSync(folder, { recursive: true, force: true })
})

/** In a folder that has no `.env`, unless a test puts one there. */
const token = (line: readonly string[], env: Record<string, string> = { AUTH_JWT_SECRET }) =>
  runCli(['token', ...line], { env, cwd: folder })

async function apiAs(...line: string[]): Promise<Api> {
  return new Api(server.url, (await token(line)).output.trim())
}

const claimsOf = (jwt: string) =>
  JSON.parse(Buffer.from(jwt.split('.')[1] ?? '', 'base64url').toString())

describe('a token that was made', () => {
  it('stands alone on standard output, lives for an hour, and has a name of its own', async () => {
    const [one, other] = await Promise.all([token(['--user', 'ann']), token(['--user', 'ann'])])
    expect(one).toEqual({
      exitCode: 0,
      output: expect.stringMatching(/^[\w-]+(\.[\w-]+){2}\n$/),
      remarks: '',
    })
    const { sub, iat, exp, jti, ...rest } = claimsOf(one.output)
    expect({ sub, lifetime: exp - iat, rest }).toEqual({ sub: 'ann', lifetime: 3600, rest: {} })
    expect(jti).toEqual(expect.any(String))
    expect(claimsOf(other.output).jti).not.toBe(jti)
  })

  it.each([
    ['90', 90],
    ['30s', 30],
    ['10m', 600],
    ['24h', 86_400],
    ['1d', 86_400],
  ])('lives for --ttl %s', async (ttl, seconds) => {
    const { iat, exp } = claimsOf((await token(['--user', 'ann', '--ttl', ttl])).output)
    expect(exp - iat).toBe(seconds)
  })

  it('is believed by a server with the same secret, and by no other', async () => {
    const api = await apiAs('--user', 'ann')
    await api.send({ type: 'from.ann' })
    expect((await api.poll()).body.messages).toMatchObject([{ userId: 'ann' }])
    const secret = { AUTH_JWT_SECRET: `${AUTH_JWT_SECRET}!` }
    const { output } = await token(['--user', 'ann'], secret)
    expect((await new Api(server.url, output.trim()).poll()).status).toBe(401)
  })

  it('has the roles that are named, with commas or by repeating', async () => {
    const admin = await apiAs('--user', 'ann', '--roles', 'cook, admin', '--roles', 'maid')
    expect((await admin.broadcast({ type: 'for.maids', roles: ['maid'] })).status).toBe(201)
    expect((await admin.poll()).body.messages).toContainEqual(
      expect.objectContaining({ type: 'for.maids' }),
    )
    const cook = await apiAs('--user', 'bob', '--roles', 'cook')
    expect((await cook.broadcast({ type: 'for.all' })).status).toBe(403)
  })

  it('may read and publish to the topics that are granted, and to no others', async () => {
    const api = await apiAs('--user', 'ann', '--topics', 'batch:*,news', '--publish', 'batch:1')
    const read = async (topics: string) => (await api.poll({ topics })).status
    const publish = async (topic: string) =>
      (await api.send({ type: 'step', topics: [topic] })).status
    expect([await read('batch:7,news'), await read('orders')]).toEqual([200, 403])
    expect([await publish('batch:1'), await publish('batch:7')]).toEqual([201, 403])
  })

  it('has the claims that the server is told to look for', async () => {
    const env = {
      AUTH_JWT_SECRET,
      AUTH_ISSUER: 'https://issuer.example',
      AUTH_AUDIENCE: 'syncline, other',
      AUTH_ROLES_CLAIM: 'realm_access.roles',
      AUTH_TOPICS_CLAIM: 'https://app.example/topics',
    }
    const line = ['--user', 'ann', '--roles', 'admin', '--topics', 'news']
    const { output } = await token(line, env)
    expect(claimsOf(output)).toMatchObject({
      iss: 'https://issuer.example',
      aud: ['syncline', 'other'],
      'realm_access.roles': ['admin'],
      'https://app.example/topics': { subscribe: ['news'], publish: [] },
    })
    const strict = await startServerProcess({ ...env, AUTH_AUDIENCE: 'other' })
    const api = new Api(strict.url, output.trim())
    expect((await api.status()).body).toMatchObject({ nodes: 1 })
    expect((await api.poll({ topics: 'news' })).status).toBe(200)
    await strict.kill()
  })
})

describe('the secret', () => {
  it('comes from .env where the environment has none', async () => {
    const file = join(folder, '.env')
    writeFileSync(file, `AUTH_JWT_SECRET='${AUTH_JWT_SECRET}'\n`)
    const { output } = await token(['--user', 'ann'], {})
    rmSync(file)
    expect((await new Api(server.url, output.trim()).poll()).status).toBe(200)
  })

  it.each<[string, Record<string, string>, string]>([
    ['is missing', {}, 'set neither in the environment nor in .env'],
    ['is too short', { AUTH_JWT_SECRET: 'short-secret' }, 'at least 32 bytes'],
    ['is not how the server verifies', { AUTH_JWKS_URL: 'https://x.example' }, 'identity provider'],
  ])('%s: that is said, with what to do, and nothing is made', async (_what, env, said) => {
    const run = await token(['--user', 'ann'], env)
    expect(run).toMatchObject({ exitCode: 1, output: '' })
    expect(run.remarks).toContain(said)
    expect(run.remarks).not.toContain('short-secret')
  })

  it('is never taken from the command line, and not repeated', async () => {
    for (const line of [['--secret', 'sesame'], ['--secret=sesame']]) {
      const { exitCode, output, remarks } = await token(['--user', 'ann', ...line])
      expect(exitCode).toBe(2)
      expect(remarks).toContain('AUTH_JWT_SECRET')
      expect(output + remarks).not.toContain('sesame')
    }
  })
})

describe('what makes no sense', () => {
  it.each([
    ['nobody', []],
    ['a name with a line break', ['--user', 'a\nb']],
    ['a time that is none', ['--user', 'ann', '--ttl', 'soon']],
    ['no time at all', ['--user', 'ann', '--ttl', '0']],
    ['a topic that is none', ['--user', 'ann', '--topics', 'a b']],
    ['a star in the middle', ['--user', 'ann', '--publish', 'a*b']],
    ['an empty role', ['--user', 'ann', '--roles', 'cook,']],
    ['an operand', ['ann']],
  ])('is refused: %s', async (_what, line) => {
    const { exitCode, output, remarks } = await token(line)
    expect(remarks).toMatch(/^syncline: .+\nsee: npx syncline help token\n$/)
    expect({ exitCode, output }).toEqual({ exitCode: 2, output: '' })
  })

  it('is a life that the server would not allow', async () => {
    const line = ['--user', 'ann', '--ttl', '7d']
    const refused = await token(line)
    expect(refused).toMatchObject({ exitCode: 1, output: '' })
    expect(refused.remarks).toContain('AUTH_MAX_TOKEN_AGE')
    const allowed = await token(line, { AUTH_JWT_SECRET, AUTH_MAX_TOKEN_AGE: '7d' })
    expect(allowed.exitCode).toBe(0)
  })
})
