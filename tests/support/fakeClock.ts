// A wall clock of a program's own that a test sets, while it runs: libfaketime's. What counts time
// from a start, as timers do, goes on undisturbed.

import { mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

export interface FakeClock {
  /** For the program's environment. */
  readonly env: Readonly<Record<string, string>>
  /** So many seconds ahead of the true time, or behind it; seen within a second. */
  jumpTo(seconds: number): void
  remove(): void
}

export function fakeClock(): FakeClock {
  const folder = mkdtempSync(join(tmpdir(), 'clock-'))
  const path = join(folder, 'offset')
  const jumpTo = (seconds: number) => {
    // In one step: half a file would be another time.
    writeFileSync(`${path}.new`, `${seconds < 0 ? '' : '+'}${seconds}s\n`)
    renameSync(`${path}.new`, path)
  }
  jumpTo(0)
  return {
    env: {
      // The loader knows where libraries are on this machine.
      LD_PRELOAD: '/usr/$LIB/faketime/libfaketimeMT.so.1',
      FAKETIME_TIMESTAMP_FILE: path,
      FAKETIME_CACHE_DURATION: '1',
      FAKETIME_DONT_FAKE_MONOTONIC: '1',
      DONT_FAKE_MONOTONIC: '1',
    },
    jumpTo,
    remove: () => rmSync(folder, { recursive: true, force: true }),
  }
}
