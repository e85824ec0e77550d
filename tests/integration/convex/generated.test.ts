// What Convex's code generation writes is what is committed, for the component and the example.

import { execFile } from 'node:child_process'
import { cp, mkdtemp, readdir, readFile, rm, symlink } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, expect, it } from '@jest/globals'

const run = promisify(execFile)
const COMPONENT = 'convex/component'
const APP = 'examples/convex-dashboard'

let copy: string

beforeAll(async () => {
  copy = await mkdtemp(join(tmpdir(), 'syncline-generated-'))
  for (const folder of ['convex', APP]) await cp(folder, join(copy, folder), { recursive: true })
  await symlink(resolve('node_modules'), join(copy, 'node_modules'))
})
afterAll(() => rm(copy, { recursive: true, force: true }))

async function contentsOf(folder: string): Promise<Record<string, string>> {
  const names = (await readdir(folder)).sort()
  const texts = await Promise.all(names.map((name) => readFile(join(folder, name), 'utf8')))
  return Object.fromEntries(names.map((name, index) => [name, texts[index] ?? '']))
}

it.each<[string, string, string[]]>([
  ['the component', `${COMPONENT}/_generated`, [APP, `../../${COMPONENT}`]],
  ['the example', `${APP}/convex/_generated`, [APP]],
])(
  'of %s is up to date',
  async (_what, folder, [app = '', ...rest]) => {
    await rm(join(copy, folder), { recursive: true })
    await run(process.execPath, ['scripts/convexCodegen.mjs', join(copy, app), ...rest])
    expect(await contentsOf(join(copy, folder))).toEqual(await contentsOf(folder))
  },
  120_000,
)
