// What is being written, and whether it can be sent: checked as one types.

import type { Audience, Draft } from '../page/api.js'

export type Route = 'send' | 'broadcast'
export type AudienceKind = 'default' | 'user' | 'roles' | 'topics'

export interface Writing {
  readonly route: Route
  readonly type: string
  readonly payload: string
  readonly audience: AudienceKind
  /** Of the users, roles or topics: as written, with commas between. */
  readonly names: string
}

export interface Faults {
  readonly type?: string
  readonly payload?: string
  readonly names?: string
}

export const FIRST_WRITING: Writing = {
  route: 'broadcast',
  type: 'order.created',
  payload: '{\n  "id": 7,\n  "item": "coffee"\n}',
  audience: 'default',
  names: '',
}

/** docs/protocol.md, "Message". */
const TYPE = /^[A-Za-z][A-Za-z0-9]*([._:-][A-Za-z0-9]+)*$/
const TOPIC = /^[A-Za-z0-9][A-Za-z0-9._:-]{0,199}$/

export function faultsOf(writing: Writing): Faults {
  const type = typeFault(writing.type)
  const payload = payloadFault(writing.payload)
  const names = namesFault(writing)
  return { ...(type && { type }), ...(payload && { payload }), ...(names && { names }) }
}

/** Only of a writing without faults. */
export const draftOf = (writing: Writing): Draft => ({
  type: writing.type,
  ...(writing.payload.trim() !== '' && { payload: JSON.parse(writing.payload) }),
  ...audienceOf(writing),
})

export function audienceOf({ audience, names }: Writing): Audience {
  if (audience === 'default') return {}
  return audience === 'user' ? { userId: names.trim() } : { [audience]: listed(names) }
}

function typeFault(type: string): string | undefined {
  if (!TYPE.test(type) || type.length > 128) {
    return 'Starts with a letter; then letters and digits, with one of ._:- between.'
  }
  return type.startsWith('sync.') ? '“sync.” is the server’s own.' : undefined
}

function payloadFault(text: string): string | undefined {
  if (text.trim() === '') return undefined
  try {
    JSON.parse(text)
    return undefined
  } catch (error) {
    return `No JSON: ${error instanceof Error ? error.message : error}`
  }
}

function namesFault({ audience, names }: Writing): string | undefined {
  if (audience === 'default') return undefined
  if (audience === 'user') return names.trim() === '' ? 'Name a user.' : undefined
  if (listed(names).length === 0) return `Name ${audience}, with commas between.`
  if (audience === 'topics' && !listed(names).every((name) => TOPIC.test(name))) {
    return 'Topics start with a letter or digit; then letters, digits and ._:-'
  }
  return undefined
}

const listed = (text: string): readonly string[] =>
  text
    .split(',')
    .map((name) => name.trim())
    .filter((name) => name !== '')
