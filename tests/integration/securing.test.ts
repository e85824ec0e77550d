// The five steps of docs/securing.md, typed as they stand there, by somebody with nothing else at hand.

import { execFile } from 'node:child_process'
import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, expect, it } from '@jest/globals'
import { type CliProcess, startCli } from '../support/cliProcess.js'
import { blocksOf, normalised, sectionOf, shown } from '../support/markdown.js'
import { waitFor } from '../support/waitFor.js'

const run = promisify(execFile)
const document = await readFile('docs/securing.md', 'utf8')

/** Commands and what they print, as the section has them; in a list they are indented. */
const blocksUnder = (heading: string) =>
  blocksOf(sectionOf(document, heading).replaceAll(/^ {3}/gm, ''))

let folder: string
let server: CliProcess | undefined

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'syncline-securing-'))
})
afterAll(async () => {
  await server?.end('SIGKILL')
  await rm(folder, { recursive: true })
})

/** In a shell of its own, whose `npx syncline` is the build of this project. */
async function type(...commands: readonly string[]): Promise<string> {
  const npx = `npx() { shift; '${process.execPath}' '${resolve('dist/client/cli/index.js')}' "$@"; }`
  const { PATH = '', HOME = '' } = process.env
  const { stdout } = await run('sh', ['-ec', [npx, ...commands].join('\n')], {
    cwd: folder,
    env: { PATH, HOME },
  })
  return stdout
}

it('ends with two users who can not see each other, and one who is thrown out', async () => {
  const [secret = '', _start, knock = '', closed = '', tokens = '', ...rest] =
    blocksUnder('The five steps')
  const [send = '', sent = '', trespass = '', refused = ''] = rest
  const [revoke = '', revoked = ''] = blocksUnder('Revoking')
  // As an editor may leave it: without a newline at its end.
  await writeFile(join(folder, '.env'), 'LOG_LEVEL=info')
  await type(secret)
  expect((await stat(join(folder, '.env'))).mode & 0o077).toBe(0)
  const started = startCli(['start', '--port', '0'], { cwd: folder })
  server = started
  const url = await waitFor('its address', () => /at (http\S+)/.exec(started.printed.output)?.[1])
  const here = (commands: string) => commands.replaceAll('localhost:5000', new URL(url).host)
  const printed = await type(...[knock, tokens, send, trespass, revoke].map(here))
  expect(normalised(printed)).toMatch(shown([closed, sent, refused, revoked].join('')))
})
