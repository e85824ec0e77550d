// docs/deployment.md: what it shows is printed, and what it sets can be set. The Redis user, the
// table of what survives, `npm run cluster` and the files that it names have tests of their own.

import { execFile } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { promisify } from 'node:util'
import { afterAll, beforeAll, expect, it } from '@jest/globals'
import { envName, readSettings, settingsSchema } from '../../../server/config.js'
import { blocksOf, normalised, sectionOf } from '../../support/markdown.js'
import { RedisServer } from '../../support/RedisServer.js'
import { type ServerProcess, startServerProcess } from '../../support/serverProcess.js'

const run = promisify(execFile)
/** Node's own. */
const OTHERS = ['NODE_EXTRA_CA_CERTS']
const page = readFileSync('docs/deployment.md', 'utf8')
const blocksUnder = (heading: string) => blocksOf(sectionOf(page, heading))

let redis: RedisServer
let node: ServerProcess
beforeAll(async () => {
  const [lines = ''] = blocksUnder('Redis')
  const config = lines
    .trim()
    .split('\n')
    .map((line) => line.replaceAll('"', '').split(/ (.*)/s) as [string, string?])
  redis = await RedisServer.start({
    config: Object.fromEntries(config.map(([name, value = '']) => [name, value])),
  })
  node = await startServerProcess({ REDIS_URL: redis.url })
})
afterAll(async () => {
  await node.kill()
  await redis.stop()
})

it.each(['Restarting nodes', 'What to watch'])('%s: prints what it shows', async (heading) => {
  const [command = '', shown = ''] = blocksUnder(heading)
  expect(shown).not.toBe('')
  const here = command.replaceAll('localhost:5000', new URL(node.url).host)
  const { stdout } = await run('sh', ['-c', here])
  expect(normalised(stdout)).toBe(normalised(shown))
})

it('names settings that there are', () => {
  const [lines = ''] = blocksUnder('Several nodes')
  const given = lines
    .trim()
    .split('\n')
    .map((line) => line.split(/=(.*)/s))
  expect(given).toHaveLength(3)
  expect(() => readSettings(Object.fromEntries(given))).not.toThrow()
  const known = [...Object.keys(settingsSchema.shape).map(envName), ...OTHERS]
  const named = [...page.matchAll(/`([A-Z]+_[A-Z_]+)[`=]/g)].map(([, name = '']) => name)
  expect(named.length).toBeGreaterThan(10)
  expect([...named, ...given.map(([name = '']) => name)].filter((n) => !known.includes(n))).toEqual(
    [],
  )
})

it.each(['securing', 'troubleshooting'])(
  'the nginx of docs/%s.md is that of the example',
  (name) => {
    const [block = ''] = blocksOf(
      readFileSync(`docs/${name}.md`, 'utf8').replaceAll(/^ {2}/gm, ''),
    ).filter((text) => text.includes('proxy_pass'))
    const directives = (text: string) => text.match(/proxy_(?:set_header|http|read)[^;]*;/g) ?? []
    expect(directives(block).length).toBeGreaterThan(5)
    expect(directives(readFileSync('examples/nginx.conf', 'utf8'))).toEqual(
      expect.arrayContaining(directives(block)),
    )
  },
)
