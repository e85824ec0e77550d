// The server as a guest of an app that also serves the test page, so that page and messages come
// from one origin, whatever stands before it.

import express from 'express'
import type { SyncServerOptions } from '../../server/createSyncServer.js'
import { type GuestServer, startGuestServer } from './guestServer.js'

/** Where `tests/browser/buildPage.ts` puts it. */
const PAGE_FOLDER = 'dist/test-page'

export function startPageServer(options: SyncServerOptions = {}): Promise<GuestServer> {
  return startGuestServer(options, (app) => app.use(express.static(PAGE_FOLDER)))
}
