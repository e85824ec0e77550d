// Which server was the last one that used the place where a snapshot is kept. Two may meet there: a
// new one that is up before the old one has stopped, say; or an old copy comes back. To go on with
// what is older would hide from its readers what was published since.

import { closeSync, fsyncSync, openSync, renameSync, writeSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import { codeOf } from './SnapshotFile.js'

export class SnapshotClaim {
  readonly #path: string

  /** Kept in a file beside the snapshot, from one process to the next. */
  constructor(snapshotPath: string) {
    this.#path = `${snapshotPath}.owner`
  }

  /** The run that used it last; `undefined` where there was none yet. */
  async run(): Promise<string | undefined> {
    return (await this.#read())?.run
  }

  /** The process of that run, if it is another one that lives on this machine. */
  async rival(): Promise<number | undefined> {
    const pid = (await this.#read())?.pid
    return pid !== undefined && pid !== process.pid && isAlive(pid) ? pid : undefined
  }

  /** From now on it is this run. On the disk when it returns. */
  take(run: string): void {
    const part = `${this.#path}-${process.pid}`
    const file = openSync(part, 'w', 0o600)
    try {
      writeSync(file, `${run} ${process.pid}\n`)
      fsyncSync(file)
    } finally {
      closeSync(file)
    }
    renameSync(part, this.#path)
    syncFolderSync(this.#path)
  }

  async #read(): Promise<{ run: string; pid: number } | undefined> {
    try {
      const [run = '', pid = ''] = (await readFile(this.#path, 'latin1')).trim().split(' ')
      return { run, pid: Number.parseInt(pid, 10) }
    } catch (error) {
      if (codeOf(error) === 'ENOENT') return undefined
      throw error
    }
  }
}

function syncFolderSync(path: string): void {
  if (process.platform === 'win32') return
  const folder = openSync(dirname(path), 'r')
  try {
    fsyncSync(folder)
  } finally {
    closeSync(folder)
  }
}

function isAlive(pid: number): boolean {
  if (!(pid > 0)) return false
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    // Not ours to signal, but there.
    return codeOf(error) === 'EPERM'
  }
}
