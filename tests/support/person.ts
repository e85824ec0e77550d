// One who calls the API in open mode, and what the log holds for them.

import { type Answer, Api } from './Api.js'

export type Message = Answer['body']

export interface Person {
  readonly userId: string
  readonly token: string
  readonly api: Api
}

export function person(url: string, userId: string, roles: readonly string[] = []): Person {
  const token = ['dev', userId, ...(roles.length > 0 ? [roles.join(',')] : [])].join(':')
  return { userId, token, api: new Api(url, token) }
}

/** Where the log ends for this caller. */
export async function headOf(api: Api): Promise<string> {
  const { body } = await api.poll({ since: 'now' })
  return body.cursor
}

interface Reading {
  readonly since?: string
  readonly topics?: readonly string[]
}

/**
 * What the log holds for this caller but for what is for everyone: on a shared target others may
 * have said that.
 */
export async function readAddressed(api: Api, reading: Reading = {}): Promise<Message[]> {
  return (await readAll(api, reading)).filter(isAddressed)
}

/** Whether a message is for somebody rather than for everyone. */
export function isAddressed({ userId, roles, topics }: Message): boolean {
  return (userId ?? roles ?? topics) !== undefined
}

async function readAll(api: Api, { since = '0', topics = [] }: Reading): Promise<Message[]> {
  const messages: Message[] = []
  let cursor = since
  for (;;) {
    const { body } = await api.poll({
      since: cursor,
      limit: 1000,
      ...(topics.length > 0 && { topics: topics.join(',') }),
    })
    messages.push(...body.messages)
    cursor = body.cursor
    if (!body.hasMore) return messages
  }
}

/** The message with this id, if this caller is given it. */
export async function findMessage(
  api: Api,
  id: string,
  topics: readonly string[] = [],
): Promise<Message | undefined> {
  const messages = await readAll(api, { topics })
  return messages.find((message) => message.id === id)
}

/**
 * What of `attempt` came into the log of `reader`: the messages that name the reader anywhere,
 * up to a marker that is sent after it. The reader's name must be unique.
 */
export async function publishedBy(
  reader: Person,
  attempt: () => Promise<unknown>,
  topics: readonly string[] = [],
): Promise<Message[]> {
  const since = await headOf(reader.api)
  await attempt()
  const marker = await reader.api.send({ type: 'marker' })
  const messages = await readAll(reader.api, { since, topics })
  const own = messages.filter((message) => JSON.stringify(message).includes(reader.userId))
  if (own.at(-1)?.id !== marker.body.messageId) throw new Error('the marker did not come last')
  return own.slice(0, -1)
}
