// `npm start` as people stop it in the background: by npm's process id, which npm doesn't pass on.

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { expect, it } from '@jest/globals'
import { waitFor } from '../support/waitFor.js'

it('ends with the npm that started it, and leaves no open server behind', async () => {
  const { PATH = '', HOME = '' } = process.env
  const npm = spawn('npm', ['start'], { env: { PATH, HOME, PORT: '0' } })
  let output = ''
  npm.stdout.on('data', (chunk: Buffer) => {
    output += chunk
  })
  const url = await waitFor('it to run', () => /running at (\S+)/.exec(output)?.[1], 30_000)
  expect((await fetch(`${url}/healthz`)).status).toBe(200)

  npm.kill('SIGTERM')
  await once(npm, 'exit')
  const isGone = () =>
    fetch(`${url}/healthz`, { headers: { Connection: 'close' } }).then(
      () => false,
      () => true,
    )
  await waitFor('the server to be gone', isGone, 15_000)
})
