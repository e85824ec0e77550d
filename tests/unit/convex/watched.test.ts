import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from '@jest/globals'
import { draftsBy, readWatchFile, type WatchRule } from '../../../server/services/convex/watched.js'
import { ConfigError } from '../../../shared/errors.js'

const folder = mkdtempSync(join(tmpdir(), 'watches-'))
afterAll(() => rmSync(folder, { recursive: true }))

function fileOf(content: unknown): string {
  const path = join(folder, 'watches.json')
  writeFileSync(path, typeof content === 'string' ? content : JSON.stringify(content))
  return path
}

function faultOf(act: () => unknown): string {
  try {
    act()
  } catch (error) {
    if (error instanceof ConfigError) return error.message
    throw error
  }
  return 'none'
}

const ORDERS = { name: 'orders', query: 'orders:list' }

describe('the file of watched queries', () => {
  it('needs a name and a query for each', () => {
    expect(readWatchFile(fileOf({ watches: [ORDERS] }))).toEqual([
      { ...ORDERS, args: {}, send: 'changes' },
    ])
    const full = {
      name: 'stats.eu',
      query: 'admin/stats:forRegion',
      args: { region: 'eu', days: 7 },
      section: 'stats',
      send: 'snapshot',
      roles: ['manager'],
    }
    expect(readWatchFile(fileOf({ watches: [full] }))).toEqual([full])
  })

  it.each([
    ['is no JSON', '{ watches: }'],
    [
      'watches.0.query: must be a module and a function',
      { watches: [{ ...ORDERS, query: 'list' }] },
    ],
    ['watches.0.name', { watches: [{ ...ORDERS, name: 'a b' }] }],
    ['watches.0.topics: give one of', { watches: [{ ...ORDERS, userId: 'u', topics: ['a'] }] }],
    ['Unrecognized key: "topic": topic', { watches: [{ ...ORDERS, topic: 'a' }] }],
    ['watches: must all have different names', { watches: [ORDERS, ORDERS] }],
    ['watches', []],
  ])('is refused where it is wrong, in words: %s', (text, content) => {
    const path = fileOf(content)
    const fault = faultOf(() => readWatchFile(path))
    expect(fault).toContain(`CONVEX_WATCH_FILE ${path}`)
    expect(fault).toContain(text)
  })

  it('is refused where it is not there', () => {
    const path = join(folder, 'nowhere.json')
    expect(faultOf(() => readWatchFile(path))).toBe(
      `CONVEX_WATCH_FILE ${path} can't be read (ENOENT): it must be a file`,
    )
    expect(faultOf(() => readWatchFile(folder))).toContain('(EISDIR)')
  })
})

describe('a message of a watched query', () => {
  const draftOf = (rule: WatchRule, update: object = {}) =>
    draftsBy(rule, 'orders', (value) => ({ encoded: value }))({
      value: ['all'],
      ...update,
    })[0]
  const changes = { added: [1], changed: [], removed: ['x'] }

  it('holds the changes where there are some, else the whole result', () => {
    expect(draftOf({}, { changes })).toEqual({
      type: 'data.updated',
      payload: { section: 'orders', changes: { encoded: changes } },
      topics: ['convex.orders'],
    })
    const whole = { section: 'orders', data: { encoded: ['all'] } }
    expect(draftOf({})?.payload).toEqual(whole)
    expect(draftOf({ send: 'snapshot' }, { changes })?.payload).toEqual(whole)
  })

  it.each([
    [{ section: 'stats' }, { topics: ['convex.stats'] }],
    [{ topics: ['a', 'b'] }, { topics: ['a', 'b'] }],
    [{ userId: 'u' }, { userId: 'u' }],
    [{ roles: ['r'] }, { roles: ['r'] }],
    [{ everyone: true } as const, {}],
  ])('with %j goes to %j', (publication, audience) => {
    const { type: _, payload: __, ...rest } = draftOf(publication) ?? { type: '' }
    expect(rest).toEqual(audience)
  })

  it('is for one audience', () => {
    expect(faultOf(() => draftOf({ roles: ['r'], everyone: true }))).toContain('give one of')
  })
})
