// `npm run cluster` as typed: three nodes that are one server, one of them killed, and nothing left
// after Ctrl-C.

import { spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from '@jest/globals'
import { Api } from '../../support/Api.js'
import { closeOpenClients } from '../../support/openClients.js'
import { type Program, startProgram } from '../../support/program.js'
import { SocketClient } from '../../support/SocketClient.js'
import { startServerProcess } from '../../support/serverProcess.js'
import { waitFor } from '../../support/waitFor.js'

let temporary: string
let cluster: Program
let nodes: readonly { readonly url: string; readonly pid: number }[]

beforeAll(async () => {
  temporary = await mkdtemp(join(tmpdir(), 'syncline-cluster-test-'))
  const env = { TMPDIR: temporary, LOG_LEVEL: 'silent' }
  cluster = await startProgram('npm', ['run', 'cluster'], { env })
  await waitFor('the last of its lines', () => cluster.output().includes('Ctrl-C'))
  const lines = [...cluster.output().matchAll(/node \d {2}(http\S+) {2}process (\d+)/g)]
  nodes = lines.map(([, url = '', pid]) => ({ url, pid: Number(pid) }))
})
afterAll(async () => {
  await closeOpenClients()
  await cluster.kill()
  // Each has a group of its own: nginx has workers.
  for (const pid of processes().filter(isAlive)) process.kill(-pid, 'SIGKILL')
  await rm(temporary, { recursive: true })
})

const processes = () =>
  [...cluster.output().matchAll(/process (\d+)/g)].map(([, pid]) => Number(pid))

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch {
    return false
  }
}

it('says where everything is', () => {
  expect(nodes).toHaveLength(3)
  // Three nodes, Redis and nginx.
  expect(new Set(processes()).size).toBe(5)
  expect(processes().every(isAlive)).toBe(true)
})

it('publishes on one node, is read on another and through nginx, and loses nothing with a node', async () => {
  const [first, second, third] = nodes.map(({ url }) => new Api(url, 'dev:ann'))
  const through = new Api(cluster.url, 'dev:ann')
  const socket = await SocketClient.connect(cluster.url, { token: 'dev:ann' })
  const sent = [await first!.send({ type: 'one' }), await second!.send({ type: 'two' })]
  const ids = sent.map(({ body }) => body.messageId)
  process.kill(nodes[0]!.pid, 'SIGKILL')
  await waitFor('it to be told', () => cluster.output().includes('node 1 has ended (SIGKILL)'))
  for (let count = 0; count < 6; count += 1) {
    const answer = await through.send({ type: 'more' })
    expect(answer.status).toBe(201)
    ids.push(answer.body.messageId)
  }
  for (const api of [second, third, through]) {
    const { body } = await api!.poll({ since: socket.connected.cursor })
    expect(body).toMatchObject({ resync: false })
    expect(body.messages.map(({ id }: { id: string }) => id)).toEqual(ids)
  }
})

it('says how to start another in the place of one that ended', async () => {
  const typed = /in its place: (.*) npm start/.exec(cluster.output())?.[1] ?? ''
  const env = Object.fromEntries(typed.split(' ').map((part) => part.split(/=(.*)/s)))
  const node = await startServerProcess(env)
  try {
    expect(node.url).toBe(nodes[0]!.url)
    const { body } = await new Api(node.url, 'dev:ann').poll()
    expect(body.messages.length).toBeGreaterThan(2)
  } finally {
    await node.kill()
  }
})

it('ends all that it started on Ctrl-C, and leaves no files', async () => {
  // A terminal tells all of its foreground.
  process.kill(-cluster.child.pid!, 'SIGINT')
  await once(cluster.child, 'exit')
  expect(processes().filter(isAlive)).toEqual([])
  expect(await readdir(temporary)).toEqual([])
})

it('names what is missing, with the line that installs it', () => {
  const env = { PATH: '/nowhere' }
  const { status, stderr } = spawnSync(process.execPath, ['scripts/cluster.mjs'], {
    env,
    encoding: 'utf8',
  })
  expect(status).toBe(1)
  expect(stderr).toContain('needs redis-server')
  expect(stderr).toMatch(/apt-get install .* redis-server/)
})
