// The Dockerfile without Docker: each of its stages in a folder that holds what it copies and nothing
// else, and a node that runs from the last one.

import { execFile } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { cp, mkdtemp, readdir, rm, symlink } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, join, resolve } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, expect, it } from '@jest/globals'
import { Api } from '../../support/Api.js'
import { freePort } from '../../support/freePort.js'
import { startProgram } from '../../support/program.js'

const run = promisify(execFile)
const [, build = [], final = []] = readFileSync('Dockerfile', 'utf8')
  .split(/^FROM /m)
  .map((stage) => stage.split('\n'))
const SECRET = { AUTH_JWT_SECRET: 'x'.repeat(32) }

let folder: string
const inBuild = (name = '') => join(folder, 'build', name)
const inFinal = (name = '') => join(folder, 'final', name)

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'syncline-image-'))
  await copy(build, inBuild)
  await symlink(resolve('node_modules'), inBuild('node_modules'))
  await copy(final, inFinal)
  await Promise.all([npm('build', 'run', 'build'), npm('final', 'ci', '--omit=dev')])
  await cp(inBuild('dist'), inFinal('dist'), { recursive: true })
}, 120_000)
afterAll(() => rm(folder, { recursive: true }))

/** Values behind a word that begins lines of a stage. */
const linesOf = (stage: readonly string[], word: string) =>
  stage.flatMap((line) => (line.startsWith(`${word} `) ? [line.slice(word.length + 1)] : []))

/** What a stage copies from the project. */
const copiedBy = (stage: readonly string[]) =>
  linesOf(stage, 'COPY')
    .filter((line) => !line.startsWith('--from'))
    .flatMap((line) => line.split(' ').slice(0, -1))

async function copy(stage: readonly string[], into: (name: string) => string): Promise<void> {
  for (const name of copiedBy(stage)) await cp(name, into(basename(name)), { recursive: true })
}

async function npm(stage: string, ...args: readonly string[]): Promise<void> {
  // What was fetched to install the project is at hand.
  await run('npm', [...args, '--prefer-offline', '--no-audit'], { cwd: join(folder, stage) })
}

const environment = () =>
  Object.fromEntries(
    linesOf(final, 'ENV')
      .flatMap((line) => line.split(' '))
      .map((pair) => pair.split('=') as [string, string]),
  )

const commandIn = (word: string): string[] =>
  JSON.parse(/\[.*\]$/m.exec(linesOf(final, word).join('\n'))?.[0] ?? '')

it('does what was done here, and nothing else', () => {
  expect(linesOf(build, 'RUN')).toEqual(['npm ci', 'npm run build'])
  expect(linesOf(final, 'RUN')).toEqual(['npm ci --omit=dev && npm cache clean --force'])
  expect(linesOf(final, 'COPY').at(-1)).toBe('--from=build /app/dist dist')
  expect(linesOf(final, 'USER')).toEqual(['node'])
})

it('copies nothing that .dockerignore holds back, and .dockerignore lets nothing else in', () => {
  const [all, ...exceptions] = readFileSync('.dockerignore', 'utf8').trim().split('\n').slice(1)
  expect(all).toBe('*')
  const patterns = exceptions.map((line) =>
    line.replace(/^!/, '^').replaceAll('.', '\\.').replaceAll('*', '.*'),
  )
  for (const name of copiedBy([...build, ...final])) {
    expect([name, patterns.some((pattern) => new RegExp(`${pattern}$`).test(name))]).toEqual([
      name,
      true,
    ])
  }
  expect(exceptions).toHaveLength(9)
})

it('holds what runs, and neither sources nor tools', async () => {
  expect((await readdir(inFinal())).sort()).toEqual([
    'dist',
    'node_modules',
    'package-lock.json',
    'package.json',
  ])
  const modules = await readdir(inFinal('node_modules'))
  expect(modules).toContain('ioredis')
  for (const tool of ['typescript', 'vite', 'jest', 'react']) expect(modules).not.toContain(tool)
})

it('refuses to start without authentication', async () => {
  const [program = '', ...args] = commandIn('CMD')
  const env = { PATH: process.env.PATH ?? '', ...environment() }
  await expect(run(program, args, { cwd: inFinal(), env })).rejects.toMatchObject({
    stderr: expect.stringContaining('NODE_ENV=production needs authentication'),
  })
})

it('serves the API and the dashboard, and is well by its own health check', async () => {
  const port = String(await freePort())
  const env = { ...environment(), ...SECRET, PORT: port, HOST: '127.0.0.1' }
  const [program = '', ...args] = commandIn('CMD')
  const node = await startProgram(program, args, { folder: inFinal(), env })
  const [checker = '', ...check] = commandIn('HEALTHCHECK')
  const checked = () => run(checker, check, { env: { PATH: process.env.PATH ?? '', ...env } })
  await checked()
  const api = new Api(node.url)
  expect((await api.poll()).status).toBe(401)
  expect((await api.request('GET', '/')).body).toContain('<!doctype html>')
  await node.kill()
  await expect(checked()).rejects.toMatchObject({ code: 1 })
})
