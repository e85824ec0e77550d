// The page at `/` and its files, compressed on the wire. Nothing else is: the API's answers hold
// what people say, and what is compressed beside a secret can give it away by its length.

import { join } from 'node:path'
import compression from 'compression'
import express, { type RequestHandler, Router } from 'express'

/** Ranges of a file that is compressed on the way would be ranges of something else. */
const FILES = { acceptRanges: false, redirect: false } as const

export function createDashboard(folder: string): RequestHandler {
  const dashboard = Router()
  dashboard.use(compression())
  // Neither Last-Modified nor an ETag made of it: files of two builds may bear the same date and
  // length, where dates are set for reproducible images, and a page must not outlive its assets.
  const page = express.static(folder, {
    ...FILES,
    etag: false,
    lastModified: false,
    setHeaders: (res) => res.setHeader('Cache-Control', 'no-cache'),
  })
  dashboard.get(['/', '/index.html'], page)
  // Named by a hash of what they hold.
  const assets = express.static(join(folder, 'assets'), {
    ...FILES,
    immutable: true,
    maxAge: '365d',
  })
  dashboard.use('/assets', assets)
  dashboard.use(express.static(folder, FILES))
  return dashboard
}
