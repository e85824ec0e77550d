// Publishes at a steady rate over one WebSocket, whose sends keep their order, and remembers when
// each went out and where it stands.

import { setTimeout as delay } from 'node:timers/promises'
import { topicKey } from '../../../shared/audience.js'
import { comparePositions } from '../../../shared/cursor.js'
import { SocketClient } from '../../support/SocketClient.js'
import { waitFor } from '../../support/waitFor.js'
import { LogRecord, type Moment, positionOf } from './LogRecord.js'
import { moment } from './Recording.js'

interface Sent {
  readonly sentAt: Moment
  answeredAt?: Moment
  id?: string
  cursor?: string
}

export class PacedPublisher {
  readonly #client: SocketClient
  readonly #topic: string
  readonly #payload: string
  readonly #sent: Sent[] = []

  private constructor(client: SocketClient, topic: string, payloadBytes: number) {
    this.#client = client
    this.#topic = topic
    this.#payload = 'x'.repeat(payloadBytes)
    client.frames.add = ({ op, ref, messageId, cursor, ...rest }) => {
      const sent = this.#sent[ref]
      if (sent !== undefined && op === 'ok') {
        Object.assign(sent, { id: messageId, cursor, answeredAt: moment() })
      }
      if (op === 'error') throw new Error(JSON.stringify(rest))
    }
  }

  static async connect(url: string, topic: string, payloadBytes: number): Promise<PacedPublisher> {
    const client = new SocketClient(url)
    const publisher = new PacedPublisher(client, topic, payloadBytes)
    await client.opened()
    client.send({ op: 'connect' })
    return publisher
  }

  get count(): number {
    return this.#sent.length
  }

  /** Publishes so many a second for so long, and waits until each is in the log. */
  async run(perSecond: number, seconds: number): Promise<void> {
    const startedAt = performance.now()
    const first = this.count
    while (this.count - first < perSecond * seconds) {
      const due = Math.min((performance.now() - startedAt) / 1000, seconds) * perSecond
      while (this.count - first < due) this.#send()
      await delay(5)
    }
    await waitFor('all to be in the log', () => this.#sent.at(-1)?.cursor !== undefined, 30_000)
  }

  /** The log from `start` on, as this publisher knows it: nobody else writes to the topic. */
  record(start: string, messagesPerAudience: number): LogRecord {
    const log = new LogRecord(start, { messagesPerAudience, ttlMs: Number.POSITIVE_INFINITY })
    let last = positionOf(start)
    for (const { sentAt, answeredAt, id, cursor } of this.#sent) {
      const position = positionOf(cursor!)
      if (comparePositions(position, last) <= 0) throw new Error('sends were reordered')
      last = position
      log.add({
        ...position,
        kind: 'message',
        id: id!,
        cursor: cursor!,
        audience: [topicKey(this.#topic)],
        appliedAt: sentAt,
        ...(answeredAt && { answeredAt }),
      })
    }
    return log
  }

  close(): void {
    this.#client.socket.terminate()
  }

  #send(): void {
    const ref = this.#sent.push({ sentAt: moment() }) - 1
    const message = { type: 'load', payload: this.#payload, topics: [this.#topic] }
    this.#client.send({ op: 'send', ref, message })
  }
}
