// The README's lines print what it shows, and its code runs as it stands there.

import { execFile } from 'node:child_process'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { freePort } from '../support/freePort.js'
import { blocksOf, normalised, sectionOf, shown } from '../support/markdown.js'
import { type ServerProcess, startServerProcess } from '../support/serverProcess.js'

const run = promisify(execFile)
const readme = await readFile('README.md', 'utf8')
const protocol = await readFile('docs/protocol.md', 'utf8')

const blocksUnder = (heading: string, page = readme) => blocksOf(sectionOf(page, heading))

describe('Try it with curl', () => {
  let server: ServerProcess
  beforeAll(async () => {
    server = await startServerProcess()
  })
  afterAll(() => server.kill())

  it('prints what the README shows', async () => {
    const [commands = '', output = ''] = blocksUnder('Try it with curl')
    // curl ends with an error when its second is over.
    const script = `${commands.replaceAll('localhost:5000', new URL(server.url).host)}true`
    const { stdout } = await run('sh', ['-c', script])
    expect(normalised(stdout)).toMatch(shown(output))
  })

  it('follows from a cursor over a WebSocket', async () => {
    const command = blocksUnder('WebSocket', protocol)[1] ?? ''
    const script = command
      .replaceAll('localhost:5000', new URL(server.url).host)
      .replace('socket.on("message"', 'setTimeout(() => process.exit(0), 1000)\n  $&')
    const { stdout } = await run('sh', ['-c', script])
    const [connected, ...frames] = stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line))
    expect(connected).toMatchObject({ op: 'connected', topics: ['orders'] })
    expect(frames.map(({ message }) => message?.type)).toContain('order.created')
  })

  it('prints where to look and a curl to try', async () => {
    expect(server.output()).toContain(`Syncline is running at ${server.url}`)
    const command = /^ *(curl .*send.*)$/m.exec(server.output())?.[1] ?? ''
    const { stdout } = await run('sh', ['-c', `${command} -s`])
    expect(JSON.parse(stdout)).toMatchObject({ success: true, duplicate: false })
  })
})

describe('Attach it to your app', () => {
  let folder: string
  beforeAll(async () => {
    // Inside the project, so that `syncline` means this package.
    folder = await mkdtemp(join(process.cwd(), 'dist', 'readme-'))
  })
  afterAll(() => rm(folder, { recursive: true }))

  it('runs as it stands there, and publishes', async () => {
    const [attach = '', publish = ''] = blocksUnder('Attach it to your app')
    const port = await freePort()
    const script = [
      "import { createServer } from 'node:http'",
      "import express from 'express'",
      "import { createSyncServer } from 'syncline'",
      "const authenticate = ({ token }) => (token === 'secret' ? { userId: 'u_42' } : null)",
      attach.replace('3000', `${port}, '127.0.0.1'`),
      publish,
      `const response = await fetch('http://127.0.0.1:${port}/api/sync/poll', { headers: { Authorization: 'Bearer secret' } })`,
      'console.log(JSON.stringify((await response.json()).messages))',
      'process.exit(0)',
    ].join('\n')
    const file = join(folder, 'app.mjs')
    await writeFile(file, script)
    const { stdout } = await run(process.execPath, [file])
    expect(JSON.parse(stdout)).toEqual([
      expect.objectContaining({ type: 'order.created', payload: { id: 7 }, userId: 'u_42' }),
    ])
  })
})
