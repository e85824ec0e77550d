// The examples, started as their README says; those with a page are in `tests/browser`.

import { execFile } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { freePort } from '../support/freePort.js'
import { type Program, startProgram } from '../support/program.js'
import { type ServerProcess, startServerProcess } from '../support/serverProcess.js'
import { waitFor } from '../support/waitFor.js'

const run = promisify(execFile)

describe('curl.sh', () => {
  const tour = (url: string) =>
    run('sh', ['examples/curl.sh'], { env: { PATH: process.env.PATH, BASE_URL: url } })
  let server: ServerProcess
  beforeAll(async () => {
    server = await startServerProcess()
  })
  afterAll(() => server.kill())

  it('finds all as it tells it', async () => {
    const { stdout } = await tour(server.url)
    expect(stdout).toMatch(/All of it was as told\.\n$/)
    expect(stdout).toContain('event: message')
    expect(stdout).toContain('HTTP 422')
  })

  it('ends with an error where something is not as told', async () => {
    const other = createServer((_req, res) => res.end('{"success":true}\n'))
    const port = await freePort()
    await new Promise<void>((resolve) => other.listen(port, '127.0.0.1', resolve))
    const failed = await tour(`http://127.0.0.1:${port}`).catch((error) => error)
    await new Promise((resolve) => other.close(resolve))
    expect(failed).toMatchObject({ code: 1, stderr: expect.stringContaining('not as told') })
    await expect(tour(`http://127.0.0.1:${port}`)).rejects.toMatchObject({ code: 7 })
  })
})

describe('express-attach', () => {
  let shop: Program
  beforeAll(async () => {
    // Without what comes before it: that builds, and others run what is built meanwhile.
    const args = ['start', '--ignore-scripts']
    const env = { PORT: '0', npm_config_update_notifier: 'false' }
    shop = await startProgram('npm', args, { folder: 'examples/express-attach', env })
  })
  afterAll(() => shop.kill())

  it('prints two commands, of which one hears of what the other orders', async () => {
    const [follow = '', order = ''] = shop.output().match(/curl .*/g) ?? []
    let heard = ''
    const following = run('sh', ['-c', `exec ${follow} -sS -m 20`])
    following.child.stdout?.on('data', (chunk) => {
      heard += chunk
    })
    const ended = following.catch(() => {})
    await waitFor('the stream', () => heard.includes('event: connected'))
    const { stdout } = await run('sh', ['-c', `${order} -sS`])
    expect(JSON.parse(stdout)).toEqual({ id: 1, item: 'tea', by: 'ann' })
    await waitFor('the order', () => heard.includes('"payload":{"id":1,"item":"tea","by":"ann"}'))
    following.child.kill()
    await ended
  })

  it('turns away whoever has no token', async () => {
    for (const path of ['/orders', '/api/sync/send']) {
      const body = JSON.stringify({ type: 'order.created' })
      const headers = { 'Content-Type': 'application/json', Authorization: 'Bearer dev:ann' }
      const { status } = await fetch(`${shop.url}${path}`, { method: 'POST', headers, body })
      expect({ path, status }).toEqual({ path, status: 401 })
    }
  })
})

it.each(['react-orders', 'express-attach', 'convex-dashboard'])(
  '%s asks for the versions that it is tested with',
  async (name) => {
    const read = async (file: string) => JSON.parse(await readFile(file, 'utf8'))
    const project = await read('package.json')
    const { dependencies, devDependencies } = await read(`examples/${name}/package.json`)
    const { syncline, ...others } = { ...dependencies, ...devDependencies }
    expect(syncline).toBe('file:../..')
    expect({ ...project.dependencies, ...project.devDependencies }).toMatchObject(others)
  },
)
