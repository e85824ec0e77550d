// What became of each send, by its promise and by the log.

import { ConnectionError } from '../../../client/connection/ConnectionError.js'
import type { ClientScene } from '../../support/client/ClientScene.js'

/** How often a send may have been applied that was settled so. */
const APPLIED: Readonly<Record<string, readonly number[]>> = {
  ok: [1],
  indeterminate: [0, 1],
  not_sent: [0],
  outbox_full: [0],
}

export class SendOutcomes {
  readonly #scene: ClientScene
  readonly #outcomes = new Map<string, string>()

  constructor(scene: ClientScene) {
    this.#scene = scene
  }

  send(): void {
    const payload = `send ${this.#outcomes.size}`
    this.#outcomes.set(payload, 'pending')
    this.#scene.manager.send({ type: 'sent', payload }).then(
      () => this.#outcomes.set(payload, 'ok'),
      (error: unknown) =>
        this.#outcomes.set(payload, error instanceof ConnectionError ? error.code : String(error)),
    )
  }

  /** Those that were settled as they must not be. */
  get faults(): string[] {
    return [...this.#outcomes].flatMap(([payload, outcome]) => {
      const times = this.#scene.server.applied.get(payload) ?? 0
      const isRight = APPLIED[outcome]?.includes(times)
      return isRight ? [] : [`${payload}: ${outcome}, applied ${times} times`]
    })
  }
}
