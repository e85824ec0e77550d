// What the documents point to is there.

import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { expect, it } from '@jest/globals'

const documents = [
  'README.md',
  'CONTRIBUTING.md',
  'CHANGELOG.md',
  'SECURITY.md',
  'examples/README.md',
  'examples/convex-dashboard/README.md',
  ...readdirSync('docs')
    .filter((name) => name.endsWith('.md'))
    .map((name) => `docs/${name}`),
]

it.each(documents)('%s points to nothing that is not there', (document) => {
  const targets = [...readFileSync(document, 'utf8').matchAll(/\]\(([^)#\s]+)[^)]*\)/g)]
    .map(([, target = '']) => target)
    .filter((target) => !/^[a-z]+:/.test(target))
  const missing = targets.filter((target) => !existsSync(join(dirname(document), target)))
  expect(missing).toEqual([])
})

it('docs/threat-model.md names tests that are there', () => {
  const rows = readFileSync('docs/threat-model.md', 'utf8').split('\n')
  const named = rows
    .filter((row) => row.startsWith('| ') && row.split('|').length === 5)
    .flatMap((row) => [...(row.split('|')[3] ?? '').matchAll(/`([^`]+)`/g)].map(([, name]) => name))
  expect(named.length).toBeGreaterThan(30)
  for (const name of named)
    expect([name, existsSync(`tests/${name}.test.ts`)]).toEqual([name, true])
})
