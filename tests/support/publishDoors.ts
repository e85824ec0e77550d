// The ways by which one message can be published, brought to one form.

import { Api } from './Api.js'
import { SocketClient } from './SocketClient.js'

export interface Outcome {
  /** The error's code, where it was refused. */
  readonly code: string | undefined
  /** The HTTP status, where the door has one. */
  readonly status: number | undefined
  readonly messageId: string | undefined
  readonly cursor: string | undefined
  readonly duplicate: boolean | undefined
}

/** Publishes `draft`, with `key` where this door takes an idempotency key. */
type Door = (url: string, token: string, draft: object, key?: string) => Promise<Outcome>

const keyHeader = (key?: string): Record<string, string> =>
  key === undefined ? {} : { 'Idempotency-Key': key }

const withKey = (draft: object, key?: string) =>
  key === undefined ? draft : { ...draft, idempotencyKey: key }

const send: Door = async (url, token, draft, key) => {
  const { status, body } = await new Api(url, token).send(draft, keyHeader(key))
  return { ...body, status, code: body.error?.code }
}

const batch: Door = async (url, token, draft, key) => {
  const answer = await new Api(url, token).send({ messages: [withKey(draft, key)] })
  return { ...answer.body.results?.[0], status: answer.status, code: answer.body.error?.code }
}

const broadcast: Door = async (url, token, draft, key) => {
  const { status, body } = await new Api(url, token).broadcast(draft, keyHeader(key))
  return { ...body, status, code: body.error?.code }
}

const frame: Door = async (url, token, draft, key) => {
  const socket = await SocketClient.connect(url, { token })
  const answer = await socket.ask({ op: 'send', message: withKey(draft, key) })
  await socket.close()
  return answer
}

/** By name; `broadcast` needs an admin and a draft that names its audience. */
export const publishDoors: Readonly<Record<'send' | 'batch' | 'broadcast' | 'frame', Door>> = {
  send,
  batch,
  broadcast,
  frame,
}

export const doorNames = ['send', 'batch', 'broadcast', 'frame'] as const
