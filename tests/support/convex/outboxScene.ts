// A real server, a front that can be in trouble, an app with the component, and a user of its own for
// each test, who reads what comes.

import { afterAll, afterEach, beforeAll, beforeEach } from '@jest/globals'
import { Api } from '../Api.js'
import { type ServerProcess, startServerProcess } from '../serverProcess.js'
import { waitFor } from '../waitFor.js'
import { Outbox, setEnvironment } from './Outbox.js'
import { ServerFront } from './ServerFront.js'

interface Read {
  readonly id: string
  readonly type: string
  readonly payload: unknown
  readonly topics?: readonly string[]
}

export class OutboxScene {
  server!: ServerProcess
  front!: ServerFront
  outbox!: Outbox
  user!: string

  async read(userId = this.user, topics?: string): Promise<readonly Read[]> {
    const query = { since: 0, limit: 1000, ...(topics !== undefined && { topics }) }
    const { body } = await new Api(this.server.url, `dev:${userId}:admin`).poll(query)
    return body.messages
  }

  /** Of the notes: what goes to everyone comes to all tests. */
  async payloads(userId?: string): Promise<readonly unknown[]> {
    const notes = (await this.read(userId)).filter(({ type }) => type === 'note')
    return notes.map(({ payload }) => payload)
  }

  note(payload: unknown, userId = this.user) {
    return { type: 'note', payload, userId }
  }

  /** Waits until this many came. */
  async until(count: number, withinMs?: number): Promise<void> {
    await waitFor(
      `${count} messages`,
      async () => (await this.payloads()).length >= count,
      withinMs,
    )
  }

  untilEmpty(): Promise<unknown> {
    return waitFor('the outbox to be empty', () => this.outbox.isEmpty(), 20_000)
  }
}

/** Sets it up for the tests of a file. */
export function outboxScene(env: Record<string, string> = {}): OutboxScene {
  const scene = new OutboxScene()
  let users = 0
  beforeAll(async () => {
    scene.server = await startServerProcess({ IDEMPOTENCY_TTL_MS: '86400000', ...env })
  })
  beforeEach(async () => {
    users += 1
    scene.user = `u${users}`
    scene.front = await ServerFront.start(scene.server.url)
    scene.outbox = new Outbox()
    // Ids begin anew with each convex-test, and keys are ids: another publisher has other keys.
    setEnvironment(scene.front.url, `dev:convex${users}:admin`)
  })
  afterEach(async () => {
    scene.front.trouble = undefined
    await scene.outbox.calm()
    await scene.front.close()
  })
  afterAll(() => scene.server.kill())
  return scene
}
