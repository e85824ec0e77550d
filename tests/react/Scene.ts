// A page at a real server's address, and the sockets that it opens. Closing the scene unmounts
// everything and waits until the server has no connection left: every test is a test for leaks.

import { expect } from '@jest/globals'
import { cleanup } from '@testing-library/react'
import { createElement, type PropsWithChildren, type ReactElement } from 'react'
import { ConnectionManagerProvider } from '../../client/react/index.js'
import type { SyncServerOptions } from '../../server/createSyncServer.js'
import { Api } from '../support/Api.js'
import { startTestServer, type TestServer } from '../support/testServer.js'
import { waitFor } from '../support/waitFor.js'

interface Page {
  /** Of `tests/support/pageEnvironment.mjs`. */
  visit(url: string): void
  IS_REACT_ACT_ENVIRONMENT: boolean
}

export class Scene {
  readonly server: TestServer
  readonly url: string
  /** The one who isn't signed in: an admin in open mode. */
  readonly admin: Api
  /** The page's sockets: made so far, open now, and the most that were open at once. */
  readonly sockets = { made: 0, open: 0, mostOpen: 0 }
  readonly #ownWebSocket = globalThis.WebSocket

  private constructor(server: TestServer) {
    this.server = server
    this.url = server.url
    this.admin = new Api(server.url)
    const { sockets } = this
    globalThis.WebSocket = class extends this.#ownWebSocket {
      constructor(url: string | URL) {
        super(url)
        sockets.made += 1
        sockets.open += 1
        sockets.mostOpen = Math.max(sockets.mostOpen, sockets.open)
        this.addEventListener('close', () => {
          sockets.open -= 1
        })
      }
    }
  }

  static async start(options: SyncServerOptions = {}): Promise<Scene> {
    // jsdom's sockets say where the page was when it was made.
    const server = await startTestServer({ corsOrigins: ['http://localhost'], ...options })
    const page = globalThis as unknown as Page
    page.visit(server.url)
    // What the network brings renders as it does in a browser.
    page.IS_REACT_ACT_ENVIRONMENT = false
    return new Scene(server)
  }

  async close(): Promise<void> {
    cleanup()
    try {
      await this.untilConnections(0)
      await waitFor('closed sockets', () => this.sockets.open === 0)
    } finally {
      globalThis.WebSocket = this.#ownWebSocket
      await this.server.close()
    }
  }

  /** As the server counts them. */
  get connections(): number {
    return (this.server.server.stats() as { connections: { total: number } }).connections.total
  }

  async untilConnections(count: number): Promise<void> {
    await waitFor(`${count} connections`, () => this.connections === count)
  }

  /** Publishes to everyone, or to an audience that `draft` names. */
  publish(draft: { type: string; payload?: unknown; userId?: string; topics?: string[] }) {
    return this.server.server.publish(draft)
  }

  /** Waits until so many connections read this topic; tells them so by a `probe`. */
  async untilReaders(topic: string, count: number): Promise<void> {
    await waitFor(`${count} readers of ${topic}`, async () => {
      const { body } = await this.admin.broadcast({ type: 'probe', topics: [topic] })
      return body.recipients === count
    })
  }

  /** Long enough for what must not happen to have happened: a way there and back. */
  async settle(): Promise<void> {
    for (let i = 0; i < 5; i++) {
      expect((await this.admin.request('GET', '/healthz')).status).toBe(200)
      await new Promise((resolve) => setTimeout(resolve, 10))
    }
  }
}

/** What hooks are rendered in. */
export const Provided = ({ children }: PropsWithChildren): ReactElement =>
  createElement(ConnectionManagerProvider, null, children)
