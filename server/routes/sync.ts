// The two doors to /api/sync: an Express router for hosts that attach, and, in front of the app of a
// server that listens by itself, the same without Express, which costs several times what Node does.

import type { RequestListener } from 'node:http'
import { Router } from 'express'
import { type Head, keepHead, setHead } from '../transports/head.js'
import type { Serve } from './serve.js'
import type { Routes } from './syncRoutes.js'

/** For `/api/sync`. Everything that comes here is answered. */
export function createSyncRouter(routes: Routes, serve: Serve): Router {
  const router = Router()
  for (const [path, route] of routes) router.all(path, (req, res) => serve(route, req, res))
  router.use((req, res) => serve(undefined, req, res))
  return router
}

interface FrontOptions {
  readonly routes: Routes
  readonly serve: Serve
  /** Said with every answer. */
  readonly head: Head
}

/** Answers what is asked for by its very path; any other spelling, and all else, is for `app`. */
export function inFrontOf(
  app: RequestListener,
  { routes, serve, head }: FrontOptions,
): RequestListener {
  const byPath = new Map([...routes].map(([path, route]) => [`/api/sync${path}`, route]))
  return (req, res) => {
    const { url = '' } = req
    const queryAt = url.indexOf('?')
    const route = byPath.get(queryAt === -1 ? url : url.slice(0, queryAt))
    if (route === undefined) {
      setHead(res, head)
      app(req, res)
    } else {
      keepHead(res, head)
      serve(route, req, res)
    }
  }
}
