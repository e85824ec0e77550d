// Where a test plays: a user, a role and a topic that no other test uses, and an admin that
// publishes to them. A message's payload is its name in the test.

import { Api } from '../support/Api.js'
import { unique } from './target.js'

/** Messages that the log keeps of one audience, by default. */
export const KEPT = 1000

export const CURSOR = /^\d{1,16}-\d{1,20}\.[a-z0-9]{6,16}$/

interface Sent {
  readonly messageId: string
  readonly cursor: string
  readonly timestamp: number
}

interface Audience {
  readonly userId?: string
  readonly roles?: readonly string[]
  readonly topics?: readonly string[]
}

export class Scene {
  readonly user = unique('u')
  readonly role = unique('r')
  readonly topic = unique('t')
  readonly token = `dev:${this.user}:${this.role}`
  /** The user. */
  readonly api: Api
  readonly admin: Api

  constructor(url: string) {
    this.api = new Api(url, this.token)
    this.admin = new Api(url, `dev:${unique('a')}:admin`)
  }

  toUser(name: string): Promise<Sent> {
    return this.send(name, { userId: this.user })
  }

  toRole(name: string): Promise<Sent> {
    return this.send(name, { roles: [this.role] })
  }

  toTopic(name: string): Promise<Sent> {
    return this.send(name, { topics: [this.topic] })
  }

  async send(name: string, audience: Audience): Promise<Sent> {
    const { status, body } = await this.admin.send({ type: 'test', payload: name, ...audience })
    if (status !== 201) throw new Error(`send answered ${status}: ${JSON.stringify(body)}`)
    return body
  }

  /** Publishes `count` messages named `<stem>1`, `<stem>2` … and returns their cursors. */
  async fill(stem: string, count: number, audience: Audience): Promise<string[]> {
    const cursors: string[] = []
    while (cursors.length < count) {
      const messages = names(stem, count)
        .slice(cursors.length, cursors.length + 100)
        .map((payload) => ({ type: 'test', payload, ...audience }))
      const { status, body } = await this.admin.send({ messages })
      if (status !== 201) throw new Error(`send answered ${status}: ${JSON.stringify(body)}`)
      cursors.push(...body.results.map(({ cursor }: { cursor: string }) => cursor))
    }
    return cursors
  }

  /** The cursor that a client which starts now is given. */
  async cursorNow(): Promise<string> {
    return (await this.api.poll({ since: 'now' })).body.cursor
  }

  async force(audience?: Audience): Promise<{ cursor: string; recipients: number }> {
    const { status, body } = await this.admin.force(audience)
    if (status !== 202) throw new Error(`force answered ${status}: ${JSON.stringify(body)}`)
    return body
  }
}

/** `<stem>1` … `<stem><count>` */
export const names = (stem: string, count: number): string[] =>
  Array.from({ length: count }, (_, index) => `${stem}${index + 1}`)

/** A cursor of a log that this one isn't. */
export const ofOtherEpoch = (cursor: string): string => cursor.replace(/\..*$/, '.0therep0ch')

/** A cursor of this log that is an hour ahead of it. */
export const aheadOf = (cursor: string): string =>
  cursor.replace(/^\d+/, (ms) => String(Number(ms) + 3_600_000))
