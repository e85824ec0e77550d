// Following by the command line: what it prints, where it goes on, and what it survives.

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { afterEach, describe, expect, it } from '@jest/globals'
import { Api } from '../support/Api.js'
import { type CliProcess, startCli } from '../support/cliProcess.js'
import { startGuestServer } from '../support/guestServer.js'
import { type ServerProcess, startServerProcess } from '../support/serverProcess.js'
import { waitFor } from '../support/waitFor.js'

const processes: { end: () => Promise<unknown> }[] = []
afterEach(async () => {
  await Promise.all(processes.splice(0).map(({ end }) => end()))
})

async function startServer(env: Record<string, string> = {}): Promise<ServerProcess> {
  const server = await startServerProcess({ LOG_LEVEL: 'silent', RECONNECT_SPREAD_MS: '0', ...env })
  processes.push({ end: () => server.kill() })
  return server
}

function tail(url: string, ...line: string[]): CliProcess {
  const following = startCli(['tail', '--url', url, ...line])
  processes.push({ end: () => following.end('SIGKILL') })
  return following
}

async function publish(url: string, numbers: readonly number[]): Promise<void> {
  const messages = numbers.map((n) => ({ type: 'tail.n', payload: n, topics: ['t'] }))
  await new Api(url).send({ messages })
}

/** The numbers in lines of JSON, and the cursor of the last one. */
function read({ lines }: CliProcess): { numbers: number[]; cursor: string } {
  const messages = lines().map((line) => JSON.parse(line))
  return { numbers: messages.map(({ payload }) => payload), cursor: messages.at(-1)?.cursor }
}

const until = (following: CliProcess, count: number) =>
  waitFor(`${count} lines`, () => following.lines().length >= count)

describe.each(['websocket', 'sse', 'long-poll', 'poll'])('tail by %s', (transport) => {
  it('prints what is retained and what comes, and says how it is connected', async () => {
    const { url } = await startServer()
    await publish(url, [1, 2])
    const following = tail(url, '--topic', 't', '--since', '0', '--transport', transport)
    await following.remarked(`connected by ${transport}`)
    await until(following, 2)
    await publish(url, [3])
    await until(following, 3)
    expect(following.lines().map((line) => line.replace(/^[\d:.]{12} /, ''))).toEqual(
      [1, 2, 3].map((n) => ` tail.n  topics t  ${n}`),
    )
  })
})

describe('tail', () => {
  it('goes on from the last line after it was killed, without a gap or a repeat', async () => {
    const { url } = await startServer()
    const line = ['--topic', 't', '--json'] as const
    const first = tail(url, ...line, '--since', '0')
    await first.remarked('connected')
    const all = Array.from({ length: 300 }, (_, n) => n)
    const publishing = (async () => {
      for (let at = 0; at < all.length; at += 20) await publish(url, all.slice(at, at + 20))
    })()
    await until(first, 1)
    expect(await first.end('SIGKILL')).toBe('SIGKILL')
    const before = read(first)
    await publishing
    const second = tail(url, ...line, '--since', before.cursor)
    await until(second, all.length - before.numbers.length)
    expect([...before.numbers, ...read(second).numbers]).toEqual(all)
  })

  it('when interrupted prints the command that goes on, with all it was asked for', async () => {
    const { url } = await startServer()
    const first = tail(url, '--topic', 't', '--type', 'tail.n', '--as', 'ann')
    await first.remarked('connected by websocket as ann')
    await publish(url, [1])
    await until(first, 1)
    expect(await first.end('SIGINT')).toBe(0)
    const command = /npx syncline tail (.*)$/m.exec(first.printed.remarks)?.[1] ?? ''
    expect(command).toContain(`--topic t --type tail.n --url ${url} --as ann`)
    await publish(url, [2])
    const second = startCli(['tail', ...command.split(' ')])
    processes.push({ end: () => second.end('SIGKILL') })
    await until(second, 1)
    expect(second.lines()).toEqual([expect.stringMatching(/ 2$/)])
  })

  it('survives a restart of the server, and says that the log began anew', async () => {
    const server = await startServer()
    const following = tail(server.url, '--topic', 't', '--json')
    await following.remarked('connected by')
    await publish(server.url, [1])
    await until(following, 1)
    server.child.kill('SIGTERM')
    await server.exited
    const { port } = new URL(server.url)
    const { url } = await waitFor('the port to be free', () =>
      startServer({ PORT: port }).catch(() => undefined),
    )
    await following.remarked('resync: epoch')
    await publish(url, [2])
    await until(following, 2)
    expect(read(following).numbers).toEqual([1, 2])
    expect(following.printed.remarks).toMatch(/connection lost .*\n(.*\n)*connected by/)
  })

  it('prints only messages of the type asked for', async () => {
    const { url } = await startServer()
    await new Api(url).send({ messages: [{ type: 'a.b' }, { type: 'a.c' }, { type: 'a.b' }] })
    const following = tail(url, '--since', '0', '--type', 'a.b', '--json')
    await until(following, 2)
    expect(following.lines().map((line) => JSON.parse(line).type)).toEqual(['a.b', 'a.b'])
  })

  it('says which topics may not be read, and when a resync is forced', async () => {
    const authenticate = () => ({ userId: 'ann', topics: { subscribe: ['mine'] } })
    const guest = await startGuestServer({ authenticate })
    processes.push({ end: () => guest.close() })
    const following = tail(guest.url, '--topic', 'mine', '--topic', 'yours')
    await following.remarked('denied: you may not read yours')
    await guest.sync.sync.forceResync({})
    await following.remarked('resync: forced')
    expect(following.printed.remarks).not.toContain('read mine')
  })

  it('lets no control character through to the terminal', async () => {
    const authenticate = () => ({ userId: 'ann\u202e', roles: ['cook\u202e'] })
    const guest = await startGuestServer({ authenticate })
    processes.push({ end: () => guest.close() })
    const payload = '\u001b[2J\u009b31m\u202e\u007f\u2028\n'
    await guest.sync.publish({ type: 'a.b', payload, roles: ['cook\u202e'] })
    for (const form of [[], ['--json']]) {
      const following = tail(guest.url, '--since', '0', ...form)
      await until(following, 1)
      const [line = ''] = following.lines()
      expect(line).toContain('\\u001b[2J\\u009b31m\\u202e\\u007f\\u2028\\n')
      expect(line).toContain('cook\\u202e')
      expect(following.printed.remarks).toContain('as ann\\u202e')
      expect(line + following.printed.remarks.replaceAll('\n', '')).not.toMatch(
        /[\p{Cc}\u2028\u202e]/u,
      )
      if (form.length > 0) expect(JSON.parse(line).payload).toBe(payload)
    }
  })

  it('ends quietly when nobody reads its output any more', async () => {
    const { url } = await startServer()
    await publish(url, [1, 2, 3])
    const command = `"${process.execPath}" dist/client/cli/index.js tail --url ${url} --since 0 --topic t --json`
    const script = `{ ${command}; echo "ended with $?" >&2; } | head -1`
    const shell = spawn('sh', ['-c', script], { stdio: ['ignore', 'pipe', 'pipe'] })
    let output = ''
    let remarks = ''
    shell.stdout.on('data', (chunk) => {
      output += chunk
    })
    shell.stderr.on('data', (chunk) => {
      remarks += chunk
    })
    const ended = once(shell, 'close')
    processes.push({ end: async () => shell.kill('SIGKILL') })
    await waitFor('the end', async () => {
      await publish(url, [4])
      return shell.exitCode !== null
    })
    await ended
    expect(JSON.parse(output).payload).toBe(1)
    expect(remarks).toMatch(/^connected by websocket as anonymous\nended with 0\n$/)
  })
})
