// Which log was used last where a snapshot is kept. Two servers may meet there: a new one that is
// up before the old one has stopped, say. What the older one keeps then would hide from its readers
// what the newer one has published, so only the log that was last used is kept, or gone on with.

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

  /** The epoch of the log that was last used; `undefined` where there is none yet. */
  async epoch(): Promise<string | undefined> {
    return (await this.#read())?.epoch
  }

  /** The process whose log it is, if that is another one that runs on this machine. */
  async rival(): Promise<number | undefined> {
    const pid = (await this.#read())?.pid
    return pid !== undefined && pid !== process.pid && isAlive(pid) ? pid : undefined
  }

  /** From now on it is this log. On the disk when it returns. */
  take(epoch: string): void {
    const part = `${this.#path}-${process.pid}`
    const file = openSync(part, 'w', 0o600)
    try {
      writeSync(file, `${epoch} ${process.pid}\n`)
      fsyncSync(file)
    } finally {
      closeSync(file)
    }
    renameSync(part, this.#path)
    syncFolderSync(this.#path)
  }

  async #read(): Promise<{ epoch: string; pid: number } | undefined> {
    try {
      const [epoch = '', pid = ''] = (await readFile(this.#path, 'latin1')).trim().split(' ')
      return { epoch, pid: Number.parseInt(pid, 10) }
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
