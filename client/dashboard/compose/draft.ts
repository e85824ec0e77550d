// What is being written, and whether it can be sent: checked as one types.

import { isName, topicsFault, typeFault } from '../../../shared/names.js'
import { payloadFault } from '../../../shared/payload.js'
import type { Draft } from '../../connection/index.js'
import type { Audience } from '../page/api.js'
import { listed } from '../page/text.js'

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

/** All but the route, which begins with what its writer may do. */
export const FIRST_WRITING: Omit<Writing, 'route'> = {
  type: 'order.created',
  payload: '{\n  "id": 7,\n  "item": "coffee"\n}',
  audience: 'default',
  names: '',
}

export function faultsOf(writing: Writing): Faults {
  const type = typeFault(writing.type)
  const payload = textFault(writing.payload)
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

function textFault(text: string): string | undefined {
  if (text.trim() === '') return undefined
  try {
    const fault = payloadFault(JSON.parse(text))
    return fault && `${['Payload', ...fault.path].join('.')} ${fault.message}`
  } catch (error) {
    return `No JSON: ${error instanceof Error ? error.message : error}`
  }
}

function namesFault({ audience, names }: Writing): string | undefined {
  if (audience === 'default') return undefined
  if (audience === 'user') return isName(names.trim()) ? undefined : 'Name a user.'
  if (listed(names).length === 0) return `Name ${audience}, with commas between.`
  return audience === 'topics' ? topicsFault(listed(names)) : undefined
}
