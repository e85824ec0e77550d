// A file that is whole or not there: damage of any kind is seen before a line of it is believed.

import { mkdirSync, readdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { describe, expect, it } from '@jest/globals'
import { SnapshotFile } from '../../../server/services/SnapshotFile.js'
import { inFolder } from '../../support/LogProcess.js'

const FIRST_LINE = 'syncline snapshot 1'
const LINES = ['h{"a":1}', 'e[1,0]\t{"text":"ä€😀\u2028\u0085"}', '', 'e[2,0]\t']

const fileAt = (folder: string, firstLine = FIRST_LINE) =>
  new SnapshotFile(`${folder}/log`, firstLine)

async function linesIn(file: SnapshotFile): Promise<string[] | undefined> {
  const lines: string[] = []
  const isThere = await file.read((line) => lines.push(line.toString()))
  return isThere ? lines : undefined
}

/** A file with `LINES`, after something was done to its bytes. */
const changed = (change: (bytes: Buffer) => Buffer) =>
  inFolder(async (folder) => {
    const file = fileAt(folder)
    await file.write(LINES)
    writeFileSync(file.path, change(readFileSync(file.path)))
    return linesIn(file)
  })

describe('a snapshot file', () => {
  it('gives back its lines, whatever is in them', () =>
    inFolder(async (folder) => {
      const file = fileAt(folder)
      await file.write(LINES)
      expect(await linesIn(file)).toEqual(LINES)
      await file.write([])
      expect(await linesIn(file)).toEqual([])
    }))

  it('gives back lines that are longer than what is read at a time, and many of them', () =>
    inFolder(async (folder) => {
      const file = fileAt(folder)
      const long = 'ä'.repeat(1_700_000)
      const lines = [
        long,
        '',
        ...Array.from({ length: 30_000 }, (_, n) => `${n} ${'x'.repeat(n % 90)}`),
        long,
      ]
      const bytes = await file.write(lines)
      expect(statSync(file.path).size).toBe(bytes)
      expect(await linesIn(file)).toEqual(lines)
    }))

  it('is for its owner alone, and leaves nothing else behind', () =>
    inFolder(async (folder) => {
      await fileAt(folder).write(LINES)
      expect(statSync(`${folder}/log`).mode & 0o777).toBe(0o600)
      expect(readdirSync(folder)).toEqual(['log'])
    }))

  it('is nothing where there is none, and nothing once it was removed', () =>
    inFolder(async (folder) => {
      const file = fileAt(folder)
      expect(await linesIn(file)).toBeUndefined()
      expect(await file.remove()).toBe(false)
      await file.write(LINES)
      expect(await file.remove()).toBe(true)
      expect(await linesIn(file)).toBeUndefined()
    }))

  it('is refused with any byte of it changed', async () => {
    const { length } = await inFolder(async (folder) => {
      await fileAt(folder).write(LINES)
      return readFileSync(`${folder}/log`)
    })
    for (let index = 0; index < length; index += 1) {
      const damaged = changed((bytes) => {
        bytes[index]! ^= 1 << (index % 8)
        return bytes
      })
      await expect(damaged).rejects.toThrow(/^it|^its/)
    }
  })

  it('is refused wherever it is cut off, and with anything behind it', async () => {
    const { length } = await inFolder(async (folder) => {
      await fileAt(folder).write(LINES)
      return readFileSync(`${folder}/log`)
    })
    for (let size = 0; size < length; size += 1) {
      await expect(changed((bytes) => bytes.subarray(0, size))).rejects.toThrow(/cut off|checksum/)
    }
    await expect(changed((bytes) => Buffer.concat([bytes, Buffer.from('\n')]))).rejects.toThrow()
    await expect(changed((bytes) => Buffer.concat([bytes, bytes]))).rejects.toThrow('checksum')
  })

  it('of another version, or of somebody else, is refused in these words', () =>
    inFolder(async (folder) => {
      await fileAt(folder, 'syncline snapshot 27').write(LINES)
      await expect(linesIn(fileAt(folder))).rejects.toThrow('its format is 27')
      writeFileSync(`${folder}/log`, `#!/bin/sh\n${'echo hello\n'.repeat(20)}`)
      await expect(linesIn(fileAt(folder))).rejects.toThrow('no log of this server')
    }))

  it('can not be a folder, a pipe or a device', () =>
    inFolder(async (folder) => {
      const file = fileAt(folder)
      mkdirSync(file.path)
      await expect(linesIn(file)).rejects.toThrow('is not a file')
      symlinkSync('/dev/zero', `${folder}/device`)
      const device = new SnapshotFile(`${folder}/device`, FIRST_LINE)
      await expect(linesIn(device)).rejects.toThrow('is not a file')
    }))

  it('stays as it was where writing a new one fails', () =>
    inFolder(async (folder) => {
      const file = fileAt(folder)
      await file.write(LINES)
      function* broken() {
        yield 'x'.repeat(3_000_000)
        throw new Error('no more')
      }
      await expect(file.write(broken())).rejects.toThrow('no more')
      expect(await linesIn(file)).toEqual(LINES)
      expect(readdirSync(folder)).toEqual(['log'])
    }))

  it('takes the place of what an interrupted write has left', () =>
    inFolder(async (folder) => {
      writeFileSync(`${folder}/log.part`, 'half')
      await fileAt(folder).write(LINES)
      expect(readdirSync(folder)).toEqual(['log'])
    }))

  it('is set aside over nothing that is there', () =>
    inFolder(async (folder) => {
      const file = fileAt(folder)
      const asides: string[] = []
      for (const text of ['one', 'two', 'three']) {
        writeFileSync(file.path, text)
        asides.push(await file.setAside('damaged'))
      }
      expect(asides.map((path) => readFileSync(path, 'utf8'))).toEqual(['one', 'two', 'three'])
      expect(readdirSync(folder)).toHaveLength(3)
    }))
})
