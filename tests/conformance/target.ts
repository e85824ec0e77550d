// What the suite is pointed at: BASE_URL where it is set, else a server of its own. The target
// must be in open mode with default settings, since the suite uses `dev:` tokens; `checkTarget.ts`
// sees to that once, before all tests.

import { afterAll, afterEach, beforeAll } from '@jest/globals'
import { closeOpenClients } from '../support/openClients.js'
import { startTestServer, type TestServer } from '../support/testServer.js'

/** The base URL, known once the tests run. */
export function target(): { readonly url: string } {
  const given = process.env.BASE_URL?.replace(/\/$/, '')
  let own: TestServer | undefined
  beforeAll(async () => {
    if (given === undefined) own = await startTestServer()
  })
  afterEach(closeOpenClients)
  afterAll(async () => {
    await own?.close()
  })
  return {
    get url() {
      return given ?? own?.url ?? ''
    },
  }
}

/** A name that no other test uses, so that a shared target holds nothing of ours yet. */
export const unique = (stem: string): string =>
  `${stem}${Date.now().toString(36)}${Math.random().toString(36).slice(2, 8)}`
