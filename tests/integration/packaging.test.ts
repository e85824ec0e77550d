// The package as others install it: packed, put into a foreign TypeScript project, type-checked
// and run there. Nothing is fetched.

import { spawnSync } from 'node:child_process'
import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { publint } from 'publint'

interface Manifest {
  readonly dependencies: Record<string, string>
  readonly version: string
}

const manifest = JSON.parse(readFileSync('package.json', 'utf8')) as Manifest

let folder: string
let tarball: string
let files: readonly string[]

interface Run {
  readonly status: number | null
  /** What it printed on its standard output. */
  readonly output: string
  readonly complaints: string
}

function run(command: string, args: readonly string[], cwd = '.'): Run {
  const { PATH = '', HOME = '' } = process.env
  const env = { PATH, HOME, npm_config_offline: 'true', npm_config_update_notifier: 'false' }
  const { status, stdout, stderr } = spawnSync(command, args, { cwd, env, encoding: 'utf8' })
  return { status, output: stdout, complaints: stderr }
}

const bin = (name: string, ...args: string[]) => run(resolve('node_modules/.bin', name), args)

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'syncline-package-'))
  // Without the build before it: other tests run what is in dist meanwhile.
  const packed = run('npm', ['pack', '--json', '--ignore-scripts', '--pack-destination', folder])
  const [facts] = JSON.parse(packed.output)
  tarball = join(folder, facts.filename)
  files = facts.files.map(({ path }: { path: string }) => path)
})

afterAll(() => rmSync(folder, { recursive: true, force: true }))

/** A project that has the package, what it depends on, and these packages of its own. */
function foreignProject(
  name: string,
  own: readonly string[],
  source: string,
  otherOptions: object = {},
): string {
  const project = join(folder, name)
  const modules = join(project, 'node_modules')
  mkdirSync(join(modules, 'syncline'), { recursive: true })
  run('tar', ['-xzf', tarball, '--strip-components=1', '-C', join(modules, 'syncline')])
  for (const dependency of new Set([...Object.keys(manifest.dependencies), ...own])) {
    mkdirSync(dirname(join(modules, dependency)), { recursive: true })
    symlinkSync(resolve('node_modules', dependency), join(modules, dependency))
  }
  const compilerOptions = {
    target: 'ES2022',
    module: 'NodeNext',
    strict: true,
    exactOptionalPropertyTypes: true,
    noUncheckedIndexedAccess: true,
    skipLibCheck: true,
    types: ['node'],
    outDir: 'out',
    ...otherOptions,
  }
  writeFileSync(join(project, 'package.json'), '{"name":"foreign","type":"module"}')
  writeFileSync(
    join(project, 'tsconfig.json'),
    JSON.stringify({ compilerOptions, files: ['main.ts'] }),
  )
  writeFileSync(join(project, 'main.ts'), source)
  return project
}

/** All declarations but TypeScript's own are looked into, which takes its time: once for each entry. */
const STRICTEST = { skipLibCheck: false, skipDefaultLibCheck: true }

const compile = (project: string) => bin('tsc', '--project', project)

const STANDALONE = `
  import { readFileSync } from 'node:fs'
  import { fileURLToPath } from 'node:url'
  import {
    type Authenticate,
    type AuthorizeTopic,
    type Broker,
    ConfigError,
    createSyncServer,
    type Message,
    type MessageDraft,
    type Published,
    type RealtimeSyncService,
    SyncError,
    type SyncServerOptions,
  } from 'syncline'

  const authenticate: Authenticate = async ({ token }) =>
    token === undefined ? null : { userId: token, roles: ['admin'], topics: { subscribe: ['a*'] } }
  const authorizeTopic: AuthorizeTopic = ({ roles }, topic, action) =>
    roles.includes('admin') && topic !== 'secret' && action === 'subscribe'
  const broker: Broker | undefined = undefined
  const options: SyncServerOptions = {
    port: 0,
    host: '127.0.0.1',
    logLevel: 'silent',
    authenticate,
    authorizeTopic,
    ...(broker !== undefined && { broker }),
  }
  const server = await createSyncServer(options)
  const { url } = await server.listen()
  const draft: MessageDraft = { type: 'data.updated', payload: { n: 1 }, userId: 'ann' }
  const published: Published = await server.publish(draft, { idempotencyKey: 'k' })
  const answer = await fetch(url + '/api/sync/poll', { headers: { Authorization: 'Bearer ann' } })
  const { messages } = (await answer.json()) as { messages: Message[] }
  await server.publish({ type: 'sync.x' }).catch((error: unknown) => {
    if (!(error instanceof SyncError) || error.code !== 'invalid_message') throw error
  })
  await createSyncServer({ heartbeatMs: 1 }).catch((error: unknown) => {
    if (!(error instanceof ConfigError)) throw error
  })
  const publishDataUpdate: RealtimeSyncService['publishDataUpdate'] = server.sync.publishDataUpdate
  await server.close()
  const path = fileURLToPath(import.meta.resolve('syncline/package.json'))
  console.log(
    JSON.stringify({
      isSame: messages[0]?.id === published.messageId,
      hasHelpers: [publishDataUpdate].every((helper) => typeof helper === 'function'),
      version: JSON.parse(readFileSync(path, 'utf8')).version,
    }),
  )
`

const ATTACHED = `
  import { createServer } from 'node:http'
  import type { AddressInfo } from 'node:net'
  import express from 'express'
  import { createSyncServer } from 'syncline'

  const app = express()
  const router = express.Router()
  const server = createServer(app)
  const sync = await createSyncServer({ authenticate: () => ({ userId: 'u' }), logLevel: 'silent' })
  sync.attach({ app, server })
  sync.attach({ app: router, server: createServer() })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  const answer = await fetch('http://127.0.0.1:' + port + '/api/sync/status')
  console.log(JSON.stringify(await answer.json()))
  await sync.close()
  server.close()
`

/** Arguments, results and changes have the types of the Convex function. */
const CONVEX = `
  import { makeFunctionReference } from 'convex/server'
  import { createSyncServer, type Integration } from 'syncline'
  import { ConvexRealtimeIntegration, type QueryUpdate } from 'syncline/convex-integration'

  interface Order { readonly _id: string; readonly owner: string }
  const list = makeFunctionReference<'query', { status: string }, Order[]>('orders:list')
  const create = makeFunctionReference<'mutation', { owner: string }, Order>('orders:create')
  const convex = new ConvexRealtimeIntegration({ url: 'http://127.0.0.1:1' })
  const integration: Integration = convex
  const toOwners = ({ changes }: QueryUpdate<Order[]>) =>
    (changes?.added ?? []).map(({ _id, owner }) => ({ type: 'order', payload: _id, userId: owner }))
  convex.watch(list, { status: 'open' }, toOwners, { name: 'owners' })
  convex.watch(list, { status: 'open' }, ({ value }) => ({ type: 'n', payload: value.length }))
  convex.watch(list, { status: 'open' }, { section: 'orders', topics: ['orders'] }, { name: 'all' })
  const rule = { table: 'orders', operation: 'create', getUserId: ({ owner }: Order) => owner } as const
  export const run = () => convex.runMutation(create, { owner: 'ann' }, { publish: rule })
  const change = convex.withRealtimeSync(async (owner: string): Promise<Order> => ({ _id: '1', owner }), rule)
  const server = await createSyncServer({ convex: integration, logLevel: 'silent' })
  const { owner } = await change('ann')
  const { watches } = (server.stats() as { convex: { watches: { name: string }[] } }).convex
  console.log(JSON.stringify({ owner, names: watches.map(({ name }) => name.split('#')[0]) }))
  await server.close()
`

/** What must not compile, each on a line of its own. */
const MISTAKES = `
  import { createSyncServer } from 'syncline'
  const server = await createSyncServer({ heartbeatMs: 1000 })
  await server.publish({ payload: 1 })
  await server.publish({ type: 'a', userId: 7 })
  await createSyncServer({ heartBeatMs: 1000 })
  await createSyncServer({ authenticate: () => ({ name: 'u' }) })
`

/** For what a page is built with: both ways in which compilers find modules today. */
const RESOLUTIONS = [
  { module: 'NodeNext', moduleResolution: 'NodeNext' },
  { module: 'ESNext', moduleResolution: 'Bundler' },
]

const PAGE_PACKAGES = ['react', '@types/react']

const DECLARED = `
  declare module 'syncline/client' {
    interface Payloads { 'order.created': { id: number } }
  }
`

const PAGE = `
  import { createElement } from 'react'
  import {
    ConnectionError,
    ConnectionManager,
    type ConnectionOptions,
    type Draft,
    getConnectionManager,
    type MessageOf,
    type Payloads,
    type Sent,
    type Snapshot,
  } from 'syncline/client'
  import {
    ConnectionManagerProvider,
    useConnectionManager,
    useLastMessage,
    useMessages,
    useResync,
  } from 'syncline/react'
  ${DECLARED}
  const options: ConnectionOptions = { baseUrl: 'http://127.0.0.1:1', fetch }
  const manager = new ConnectionManager(options)
  const shared: ConnectionManager = getConnectionManager(options)
  manager.onMessage(({ payload }) => payload.id.toFixed(), { type: 'order.created' })
  const draft: Draft<'order.created'> = { type: 'order.created', payload: { id: 1 } }
  export const send = (): Promise<Sent> => manager.send(draft)
  export const sendOther = () => manager.send({ type: 'undeclared', payload: ['anything'] })
  export const payload: Payloads['order.created'] = { id: 1 }

  export function Orders() {
    const { status, send, onMessage } = useConnectionManager()
    const orders: readonly MessageOf<'order.created'>[] = useMessages({ type: 'order.created' })
    const last = useLastMessage({ type: 'order.created', topic: 'orders' })
    useResync(({ reason }) => reason.length)
    onMessage(({ payload }) => payload.id.toFixed(), { type: 'order.created' })
    void send({ type: 'order.created', payload: { id: 2 } })
    const total = orders.reduce((sum, { payload }) => sum + payload.id, 0)
    return createElement('p', null, status, total, last?.payload.id.toFixed())
  }
  export const app = createElement(
    ConnectionManagerProvider,
    {
      config: options,
      onConnected: ({ transport }: Snapshot) => transport,
      onError: ({ code }: ConnectionError) => code,
    },
    createElement(Orders),
  )
  const { status } = shared.getSnapshot()
  console.log(JSON.stringify({ status, isShared: shared === manager }))
`

/** What must not compile on a page, each on a line of its own from the fifth on. */
const PAGE_MISTAKES = `import { ConnectionManager } from 'syncline/client'
  import { useConnectionManager, useMessages } from 'syncline/react'
  ${DECLARED.trim().replaceAll('\n', ' ')}
  const manager = new ConnectionManager()
  manager.onMessage(({ payload }) => payload.name, { type: 'order.created' })
  manager.send({ type: 'order.created', payload: { id: '1' } })
  export const useName = () => useMessages({ type: 'order.created' })[0]?.payload.name
  export const useSend = () => useConnectionManager().send({ type: 'order.created', payload: 1 })
  new ConnectionManager({ url: 'http://127.0.0.1:1' })
  manager.on('nope', () => {})
`

describe('the tarball', () => {
  it('holds the built server and client, the dashboard and the documents, and no sources or tests', () => {
    for (const file of [
      'package.json',
      'README.md',
      'dist/server/createSyncServer.js',
      'dist/server/createSyncServer.d.ts',
      'dist/server/index.js',
      'dist/client/connection/index.js',
      'dist/client/connection/index.d.ts',
      'dist/client/connection/onDemand.js',
      'dist/client/cli/index.js',
      'dist/client/react/index.js',
      'dist/client/react/index.d.ts',
      'dist/dashboard/index.html',
      'docs/protocol.md',
      'docs/settings.md',
    ]) {
      expect(files).toContain(file)
    }
    const allowed =
      /^(package\.json|README\.md|LICENSE|CHANGELOG\.md|CONTRIBUTING\.md|SECURITY\.md|docs\/[\w.-]+\.md|dist\/(server|client|shared|convex)\/[\w/.]+\.(js|d\.ts|js\.map)|dist\/dashboard\/.+)$/
    expect(files.filter((file) => !allowed.test(file))).toEqual([])
  })

  it('has nothing that publint or attw would warn of', async () => {
    const { messages } = await publint({
      pack: { tarball: new Uint8Array(readFileSync(tarball)).buffer },
      strict: true,
    })
    expect(messages).toEqual([])
    const attw = createRequire(import.meta.url).resolve('@arethetypeswrong/cli/package.json')
    const checked = run(process.execPath, [
      join(dirname(attw), 'dist/index.js'),
      tarball,
      '--profile',
      'esm-only',
    ])
    expect(checked.output).toContain('"syncline/package.json"')
    expect(checked.status).toBe(0)
  })
})

describe('a foreign TypeScript project', () => {
  it('compiles against the package as strictly as it gets, without Express, and runs', () => {
    const project = foreignProject('standalone', ['@types/node'], STANDALONE, STRICTEST)
    expect(compile(project)).toMatchObject({ status: 0, output: '' })
    const ran = run(process.execPath, ['out/main.js'], project)
    expect(ran).toMatchObject({ status: 0, complaints: '' })
    expect(JSON.parse(ran.output)).toEqual({
      isSame: true,
      hasHelpers: true,
      version: manifest.version,
    })
  })

  it('attaches it to an Express app and a router with their own types', () => {
    const project = foreignProject('attached', ['@types/node', '@types/express'], ATTACHED)
    expect(compile(project)).toMatchObject({ status: 0, output: '' })
    const ran = run(process.execPath, ['out/main.js'], project)
    expect(ran).toMatchObject({ status: 0, complaints: '' })
    expect(JSON.parse(ran.output)).toMatchObject({ success: true, status: 'ok' })
  })

  it('connects it to Convex, where that is installed', () => {
    const project = foreignProject('convex', ['@types/node', 'convex'], CONVEX, STRICTEST)
    expect(compile(project)).toMatchObject({ status: 0, output: '' })
    const ran = run(process.execPath, ['out/main.js'], project)
    expect(ran).toMatchObject({ status: 0, complaints: '' })
    const names = ['owners', 'orders:list', 'all']
    expect(JSON.parse(ran.output)).toEqual({ owner: 'ann', names })
  })

  it('says what is missing where Convex is wanted, and not installed', () => {
    const source = `
      import { createSyncServer } from 'syncline'
      await createSyncServer({ convexUrl: 'http://127.0.0.1:1' }).catch((error) => {
        console.log(error.name, error.message)
      })
    `
    const project = foreignProject('without', [], '')
    writeFileSync(join(project, 'main.js'), source)
    const { output } = run(process.execPath, ['main.js'], project)
    expect(output).toBe('ConfigError CONVEX_URL needs the package `convex`: npm install convex\n')
  })

  it('is told of its mistakes by the compiler', () => {
    const project = foreignProject('mistaken', ['@types/node'], MISTAKES)
    const { status, output } = compile(project)
    expect(status).not.toBe(0)
    const lines = [...output.matchAll(/main\.ts\((\d+),\d+\)/g)].map(([, line]) => Number(line))
    expect([...new Set(lines)]).toEqual([4, 5, 6, 7])
  })

  describe.each(RESOLUTIONS)('of a page, with moduleResolution $moduleResolution', (options) => {
    const { moduleResolution: name } = options
    const browser = { ...options, types: [] }

    it('compiles with payloads of its own, and runs', () => {
      const project = foreignProject(`page-${name}`, PAGE_PACKAGES, PAGE, {
        ...browser,
        ...STRICTEST,
      })
      expect(compile(project)).toMatchObject({ status: 0, output: '' })
      const ran = run(process.execPath, ['out/main.js'], project)
      expect(ran).toMatchObject({ status: 0, complaints: '' })
      expect(JSON.parse(ran.output)).toEqual({ status: 'disconnected', isShared: false })
    })

    it('is told of its mistakes by the compiler', () => {
      const project = foreignProject(`mistaken-${name}`, PAGE_PACKAGES, PAGE_MISTAKES, browser)
      const { output } = compile(project)
      const lines = [...output.matchAll(/main\.ts\((\d+),\d+\)/g)].map(([, line]) => Number(line))
      expect([...new Set(lines)]).toEqual([5, 6, 7, 8, 9, 10])
    })
  })

  it('has the command line as `npx syncline`, which can start the server', () => {
    const project = foreignProject('typing', [], '')
    const { bin: bins } = JSON.parse(
      readFileSync(join(project, 'node_modules/syncline/package.json'), 'utf8'),
    )
    // As npm links it.
    const linked = join(project, 'node_modules/.bin/syncline')
    mkdirSync(dirname(linked))
    symlinkSync(join('../syncline', bins.syncline), linked)
    chmodSync(linked, 0o755)
    const help = run('npx', ['--no-install', 'syncline', '--help'], project)
    expect(help).toMatchObject({ status: 0, output: expect.stringContaining('npx syncline') })
    const refused = run(linked, ['start', '--host', '192.0.2.1'], project)
    expect(refused).toMatchObject({
      status: 1,
      complaints: expect.stringContaining("Syncline can't start"),
    })
  })

  it('reaches nothing but what the package exports', () => {
    const source = `
      import { parseSettings } from 'syncline/dist/server/config.js'
      parseSettings({})
    `
    const project = foreignProject('curious', ['@types/node'], source)
    const { status, output } = compile(project)
    expect(status).not.toBe(0)
    expect(output).toContain('TS2307')
  })
})
