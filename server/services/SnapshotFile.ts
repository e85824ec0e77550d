// A file of lines that is there as a whole or not at all: written beside its place and moved there
// once the disk has it, with a checksum of every byte as its last line. It knows no logs.

import { createHash, type Hash } from 'node:crypto'
import { type FileHandle, open, rename, rm, stat, unlink } from 'node:fs/promises'
import { dirname } from 'node:path'
import { ConfigError } from '../../shared/errors.js'

/** How much is in memory at a time, in bytes or characters. */
const CHUNK = 1 << 20
const NEWLINE = 10
/** `sha256 `, 64 digits and a newline. */
const CHECKSUM_BYTES = 72

/** What is in the file can't be used; the message says why. */
export class UnusableSnapshot extends Error {}

export class SnapshotFile {
  readonly path: string
  readonly #firstLine: string

  /** `firstLine` says whose file it is: another's is never read further. */
  constructor(path: string, firstLine: string) {
    this.path = path
    this.#firstLine = `${firstLine}\n`
  }

  /**
   * Hands its lines to `take`, without the first and the checksum, once every byte has been
   * verified. False where there is no file. Throws `ConfigError` where it can't be opened,
   * `UnusableSnapshot`, or what `take` throws.
   */
  async read(take: (line: Buffer) => void): Promise<boolean> {
    const handle = await this.#open()
    if (handle === undefined) return false
    try {
      const end = await this.#verify(handle)
      for await (const lines of linesOf(handle, this.#firstLine.length, end)) lines.forEach(take)
      return true
    } finally {
      await handle.close()
    }
  }

  /** Says how many bytes it wrote. Where that fails, what stood there before still does. */
  async write(lines: Iterable<string>): Promise<number> {
    const part = `${this.path}.part`
    try {
      await rm(part, { force: true })
      const handle = await open(part, 'wx', 0o600)
      const bytes = await writeAll(handle, this.#firstLine, lines).finally(() => handle.close())
      await rename(part, this.path)
      await syncFolder(this.path)
      return bytes
    } catch (error) {
      await rm(part, { force: true }).catch(() => {})
      throw error
    }
  }

  /** Lets go of it, for good even where the machine fails next. False where it was gone already. */
  async remove(): Promise<boolean> {
    try {
      await unlink(this.path)
    } catch (error) {
      if (codeOf(error) === 'ENOENT') return false
      throw error
    }
    await syncFolder(this.path)
    return true
  }

  /** Moves it out of the way, over nothing else. Returns where it is. */
  async setAside(suffix: string): Promise<string> {
    for (let attempt = 1; ; attempt += 1) {
      const aside = `${this.path}.${suffix}${attempt === 1 ? '' : `-${attempt}`}`
      try {
        // Made by us, so that the file that is moved there replaces nobody else's.
        await (await open(aside, 'wx', 0o600)).close()
      } catch (error) {
        if (codeOf(error) === 'EEXIST' && attempt < 100) continue
        throw error
      }
      await rename(this.path, aside)
      await syncFolder(this.path)
      return aside
    }
  }

  async #open(): Promise<FileHandle | undefined> {
    try {
      // Asked first, since to open a pipe is to wait.
      const found = await stat(this.path)
      if (!found.isFile()) throw new Error(`${this.path} is there, and is not a file`)
      return await open(this.path, 'r')
    } catch (error) {
      if (codeOf(error) === 'ENOENT') return undefined
      throw new ConfigError(`SNAPSHOT_FILE can't be read: ${messageOf(error)}`)
    }
  }

  /** Where its lines end. */
  async #verify(handle: FileHandle): Promise<number> {
    const { size } = await handle.stat()
    const end = size - CHECKSUM_BYTES
    const beginning = await textAt(handle, 0, this.#firstLine.length + 10)
    if (!beginning.startsWith(this.#firstLine)) {
      throw new UnusableSnapshot(this.#strangeness(beginning))
    }
    if (end < this.#firstLine.length) throw new UnusableSnapshot('it is cut off')
    const hash = createHash('sha256')
    for await (const chunk of chunksOf(handle, 0, end)) hash.update(chunk)
    const last = await textAt(handle, end, CHECKSUM_BYTES)
    if (last !== checksumOf(hash)) throw new UnusableSnapshot('its checksum is wrong')
    return end
  }

  #strangeness(beginning: string): string {
    if (this.#firstLine.startsWith(beginning)) return 'it is cut off'
    const [name = ''] = this.#firstLine.split(/\d/)
    if (!beginning.startsWith(name)) return "it is no log of this server's"
    const version = Number.parseInt(beginning.slice(name.length), 10)
    return `its format is ${version}, of another version of this server`
  }
}

async function writeAll(
  handle: FileHandle,
  firstLine: string,
  lines: Iterable<string>,
): Promise<number> {
  const hash = createHash('sha256')
  let bytes = 0
  const write = async (text: string) => {
    const chunk = Buffer.from(text)
    hash.update(chunk)
    await handle.writeFile(chunk)
    bytes += chunk.length
  }
  let text = firstLine
  for (const line of lines) {
    text += `${line}\n`
    if (text.length < CHUNK) continue
    await write(text)
    text = ''
  }
  await write(text)
  await write(checksumOf(hash))
  await handle.sync()
  return bytes
}

/** The last line. What was hashed so far stays open to more. */
function checksumOf(hash: Hash): string {
  return `sha256 ${hash.copy().digest('hex')}\n`
}

async function textAt(handle: FileHandle, position: number, length: number): Promise<string> {
  const buffer = Buffer.alloc(length)
  const { bytesRead } = await handle.read(buffer, 0, length, position)
  return buffer.toString('latin1', 0, bytesRead)
}

async function* chunksOf(handle: FileHandle, start: number, end: number): AsyncGenerator<Buffer> {
  for (let position = start; position < end; ) {
    const buffer = Buffer.allocUnsafe(Math.min(CHUNK, end - position))
    const { bytesRead } = await handle.read(buffer, 0, buffer.length, position)
    if (bytesRead === 0) throw new UnusableSnapshot('it is cut off')
    position += bytesRead
    yield buffer.subarray(0, bytesRead)
  }
}

/** The lines of each chunk together: to wait for every single one would take longer than to read. */
async function* linesOf(handle: FileHandle, start: number, end: number): AsyncGenerator<Buffer[]> {
  let rest: Buffer[] = []
  for await (const chunk of chunksOf(handle, start, end)) {
    const lines: Buffer[] = []
    let from = 0
    for (let to = chunk.indexOf(NEWLINE); to >= 0; to = chunk.indexOf(NEWLINE, from)) {
      const line = chunk.subarray(from, to)
      lines.push(rest.length === 0 ? line : Buffer.concat([...rest, line]))
      rest = []
      from = to + 1
    }
    if (from < chunk.length) rest.push(chunk.subarray(from))
    yield lines
  }
  if (rest.length > 0) throw new UnusableSnapshot('its last line is cut off')
}

/** A name in a folder outlives a failing machine only once the folder was written, too. */
export async function syncFolder(path: string): Promise<void> {
  if (process.platform === 'win32') return
  const folder = await open(dirname(path), 'r')
  await folder.sync().finally(() => folder.close())
}

export function messageOf(error: unknown): string {
  return String((error as Partial<Error>).message ?? error)
}

/** `ENOENT` and the like. */
export function codeOf(error: unknown): string | undefined {
  return (error as NodeJS.ErrnoException).code
}
