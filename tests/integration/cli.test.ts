// The command line against a real server: what it publishes, prints and refuses. Following is in
// `cliTail.test.ts`.

import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals'
import { Api } from '../support/Api.js'
import { type CliProcess, runCli, startCli } from '../support/cliProcess.js'
import { freePort } from '../support/freePort.js'
import { type ServerProcess, startServerProcess } from '../support/serverProcess.js'
import { waitFor } from '../support/waitFor.js'

let server: ServerProcess
let folder: string
const started: CliProcess[] = []

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'syncline-cli-'))
  server = await startServerProcess()
})
afterEach(async () => {
  await Promise.all(started.splice(0).map((cli) => cli.end('SIGKILL')))
})
afterAll(async () => {
  await server.kill()
  rmSync(folder, { recursive: true, force: true })
})

/** Runs it with the server in SYNCLINE_URL. */
const cli = (line: readonly string[], env: Record<string, string> = {}, input = '') =>
  runCli(line, { env: { SYNCLINE_URL: server.url, ...env }, input })

const lastOf = async (api: Api, topics: readonly string[] = []) => {
  const { body } = await api.poll({ limit: 1000, ...(topics.length > 0 && { topics }) })
  return body.messages.at(-1)
}

const OPTIONS: Record<string, readonly string[]> = {
  start: ['port', 'host'],
  send: ['topic', 'user', 'role', 'key', 'json', 'url', 'token-file', 'as'],
  broadcast: ['topic', 'user', 'role', 'key', 'json', 'url', 'token-file', 'as'],
  tail: ['topic', 'since', 'type', 'transport', 'json', 'url', 'token-file', 'as'],
  status: ['watch', 'json', 'url', 'token-file', 'as'],
  token: ['user', 'roles', 'topics', 'publish', 'ttl'],
}

describe('help', () => {
  it('names every command', async () => {
    const { output, exitCode } = await cli(['--help'])
    for (const name of Object.keys(OPTIONS)) expect(output).toMatch(new RegExp(`^  ${name} `, 'm'))
    expect(exitCode).toBe(0)
    expect((await cli([])).output).toBe(output)
  })

  it.each(Object.keys(OPTIONS))('on %s names all its options, and an example', async (name) => {
    const [help, asked] = await Promise.all([cli(['help', name]), cli([name, '--help'])])
    const named = [...help.output.matchAll(/^ {2}--([\w-]+)/gm)].map(([, option]) => option)
    expect(named).toEqual([...(OPTIONS[name] ?? []), 'help'])
    expect(help.output).toContain(`npx syncline ${name}`)
    expect(asked).toEqual({ ...help, exitCode: 0, remarks: '' })
  })
})

describe('send', () => {
  it('publishes to yourself, and prints the id and the cursor', async () => {
    const { output, exitCode } = await cli(['send', 'cli.own', '{"n":1}', '--as', 'sue'])
    expect(exitCode).toBe(0)
    const message = await lastOf(new Api(server.url, 'dev:sue'))
    expect(message).toMatchObject({ type: 'cli.own', payload: { n: 1 }, userId: 'sue' })
    expect(output).toContain(message.id)
    expect(output).toContain(message.cursor)
  })

  it('publishes to the topics, the roles or the user that are named', async () => {
    await cli(['send', 'cli.topics', '--topic', 'a', '--topic', 'b'])
    expect(await lastOf(new Api(server.url, 'dev:x'), ['b'])).toMatchObject({ topics: ['a', 'b'] })
    await cli(['send', 'cli.roles', '--role', 'cook', '--role', 'maid'])
    const cook = new Api(server.url, 'dev:x:cook')
    expect(await lastOf(cook)).toMatchObject({ roles: ['cook', 'maid'] })
    await cli(['send', 'cli.user', '--user', 'tom'])
    expect(await lastOf(new Api(server.url, 'dev:tom'))).toMatchObject({ type: 'cli.user' })
  })

  it('takes the payload from standard input, to the letter', async () => {
    const input = '{"text":"grün","n":1.50}\n'
    expect((await cli(['send', 'cli.input', '-', '--as', 'ida'], {}, input)).exitCode).toBe(0)
    const message = await lastOf(new Api(server.url, 'dev:ida'))
    expect(message.payload).toEqual({ text: 'grün', n: 1.5 })
    // Read and written again, this number would be null.
    const large = await cli(['send', 'cli.input', '1e400'])
    expect(large.remarks).toContain('finite')
  })

  it('publishes once with a key, and says so', async () => {
    const line = ['send', 'cli.keyed', '1', '--key', 'grün', '--json']
    const first = JSON.parse((await cli(line)).output)
    expect(first).toMatchObject({ success: true, duplicate: false })
    const again = await cli(line)
    expect(JSON.parse(again.output)).toEqual({ ...first, duplicate: true })
    expect(again.exitCode).toBe(0)
  })
})

describe('broadcast', () => {
  it('reaches everyone, and says how many', async () => {
    const tail = startCli(['tail'], { env: { SYNCLINE_URL: server.url } })
    started.push(tail)
    await tail.remarked('connected')
    const { output } = await cli(['broadcast', 'cli.all', '"hi"'])
    expect(output).toContain('reached 1 connection now')
    await waitFor('the message', () => tail.printed.output.includes('cli.all  everyone  "hi"'))
  })
})

describe('status', () => {
  it('prints the details to an admin, and says to others that there are more', async () => {
    const { output } = await cli(['status'])
    expect(output).toMatch(/^status +ok$/m)
    expect(output).toMatch(/^connections +0: 0 websocket, 0 sse, 0 long-poll$/m)
    expect((await cli(['status', '--as', 'sue'])).output).toContain('more is for admins')
  })

  it('prints the answer as JSON', async () => {
    const { output } = await cli(['status', '--json'])
    expect(JSON.parse(output)).toMatchObject({ status: 'ok', connections: { total: 0 } })
  })

  it('goes on watching until it is interrupted', async () => {
    const line = ['status', '--watch', '--json', '--url', server.url]
    const watch = startCli(line)
    started.push(watch)
    await waitFor('two answers', () => watch.lines().length >= 2)
    expect(await watch.end('SIGINT')).toBe(0)
    const [first, second] = watch.lines().map((text) => JSON.parse(text).uptimeMs)
    expect(second).toBeGreaterThan(first)
  })
})

describe('who asks', () => {
  it('is told by SYNCLINE_TOKEN, a file or --as', async () => {
    const file = join(folder, 'token')
    writeFileSync(file, 'dev:filed\n')
    await cli(['send', 'cli.who'], { SYNCLINE_TOKEN: 'dev:meant' })
    await cli(['send', 'cli.who', '--token-file', file], { SYNCLINE_TOKEN: 'dev:other' })
    await cli(['send', 'cli.who', '--as', 'ann:cook'], { SYNCLINE_TOKEN: 'dev:other' })
    for (const user of ['meant', 'filed', 'ann']) {
      expect(await lastOf(new Api(server.url, `dev:${user}`))).toMatchObject({ userId: user })
    }
  })

  it('never takes a token from the command line, and does not repeat it', async () => {
    for (const line of [['--token', 'sesame'], ['--token=sesame']]) {
      const { exitCode, output, remarks } = await cli(['send', 'cli.who', ...line])
      expect(exitCode).toBe(2)
      expect(remarks).toContain('SYNCLINE_TOKEN')
      expect(output + remarks).not.toContain('sesame')
    }
  })

  it.each(['send', 'broadcast', 'tail', 'status'])(
    'is refused with what to do, by %s',
    async (name) => {
      const operands = name === 'tail' || name === 'status' ? [] : ['a.b']
      const run = await cli([name, ...operands], { SYNCLINE_TOKEN: 'nonsense' })
      expect(run).toMatchObject({ exitCode: 1, output: '' })
      expect(run.remarks).toContain('unauthorized')
      expect(run.remarks).toContain('--as alice')
      expect(run.remarks).not.toContain('nonsense')
    },
  )
})

describe('what goes wrong', () => {
  it.each([
    ['an unknown command', ['tale']],
    ['an unknown option', ['tail', '--topics', 'a']],
    ['an option without its value', ['tail', '--since']],
    ['an empty value', ['send', 'a.b', '--topic', '']],
    ['a missing type', ['send']],
    ['too many operands', ['send', 'a.b', '{}', '{}']],
    ['a payload that is not JSON', ['send', 'a.b', '{n:1}']],
    ['a cursor that is none', ['tail', '--since', 'yesterday']],
    ['an unknown transport', ['tail', '--transport', 'pigeon']],
    ['a topic that is none', ['tail', '--topic', 'a b']],
    ['an address that is none', ['status', '--url', 'localhost:5000']],
    ['an address with a password', ['status', '--url', 'http://me:sesame@localhost:5000']],
    ['two ways to say who asks', ['status', '--as', 'a', '--token-file', 'b']],
    ['a port that is none', ['start', '--port', 'http']],
  ])('refuses %s with what would be right, and 2', async (_what, line) => {
    const { exitCode, output, remarks } = await cli(line)
    expect(remarks).toMatch(/^syncline: .+\nsee: npx syncline/)
    expect(output + remarks).not.toContain('sesame')
    expect({ exitCode, output }).toEqual({ exitCode: 2, output: '' })
  })

  it.each(['send', 'tail', 'status'])('says where there is no server, by %s', async (name) => {
    const gone = `http://127.0.0.1:${await freePort()}`
    const run = await cli([name, ...(name === 'send' ? ['a.b'] : []), '--url', gone])
    expect(run).toMatchObject({
      exitCode: 1,
      output: '',
      remarks: `syncline: no server at ${gone}: start one with \`npx syncline start\`, or name one with --url\n`,
    })
  })

  it('says where something else answers', async () => {
    const other = createServer((_req, res) => res.end('<h1>It works!</h1>')).listen(0, '127.0.0.1')
    await once(other, 'listening')
    const url = `http://127.0.0.1:${(other.address() as AddressInfo).port}`
    const runs = await Promise.all([cli(['status', '--url', url]), cli(['tail', '--url', url])])
    other.close()
    for (const { exitCode, remarks } of runs) {
      expect(remarks).toContain('no Syncline server')
      expect(exitCode).toBe(1)
    }
  })

  it("gives the server's reason, and 1", async () => {
    const refused = await cli(['broadcast', 'a.b', '--as', 'sue'])
    expect(refused).toMatchObject({ exitCode: 1, output: '' })
    expect(refused.remarks).toContain('forbidden: broadcast needs the role "admin"')
    expect(refused.remarks).toContain('npx syncline token --user NAME --roles admin\n')
    expect((await cli(['send', 'a b'])).remarks).toContain('invalid_message: type:')
  })
})

describe('start', () => {
  it('runs a server that obeys its options, the environment and .env, and ends on a signal', async () => {
    writeFileSync(join(folder, '.env'), 'PORT=1\nLOG_LEVEL=silent\nMAX_TOPICS_PER_CONNECTION=1\n')
    const running = startCli(['start', '--port', '0', '--host', '127.0.0.1'], { cwd: folder })
    started.push(running)
    const url = await waitFor('its address', () => /at (http\S+)/.exec(running.printed.output)?.[1])
    expect(url).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/)
    expect((await new Api(url).poll({ topics: 'a,b' })).status).toBe(400)
    expect(running.printed.output).not.toContain('"level"')
    expect(await running.end('SIGTERM')).toBe(0)
  })
})
