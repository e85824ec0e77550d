// How a watched query becomes messages where nobody says it in code: `data.updated`, with the whole
// result or with what has changed, to a fixed audience. Also the file that names such queries.

import { readFileSync } from 'node:fs'
import { z } from 'zod'
import { ConfigError } from '../../../shared/errors.js'
import { type MessageDraft, nameSchema, topicsSchema } from '../../../shared/message.js'
import type { ToDrafts } from './ChangePublisher.js'

const audienceShape = {
  userId: nameSchema.optional(),
  roles: z.array(nameSchema).min(1).optional(),
  topics: topicsSchema.min(1).optional(),
  everyone: z.literal(true).optional(),
}

const ruleShape = {
  /** In the payload, and by default in the topic `convex.<section>`. Default: the watch's name. */
  section: nameSchema.optional(),
  /** `changes` where the result is a list of documents, which is the default, or each time all of it. */
  send: z.enum(['changes', 'snapshot']).default('changes'),
  ...audienceShape,
}

const oneAudience = {
  path: ['topics'],
  message: 'give one of userId, roles, topics and everyone, or none for the topic of the section',
}
const hasOneAudience = ({ userId, roles, topics, everyone }: AudienceGiven) =>
  [userId, roles, topics, everyone].filter((given) => given !== undefined).length <= 1

type AudienceGiven = z.output<z.ZodObject<typeof audienceShape>>

const ruleSchema = z.strictObject(ruleShape).refine(hasOneAudience, oneAudience)

/** How a watched result is published. */
export type WatchRule = z.input<typeof ruleSchema>

const NAME = /^[A-Za-z0-9][\w.-]{0,99}$/

const watchSchema = z
  .strictObject({
    name: z.string().regex(NAME, 'must be 1–100 letters, digits and . _ -'),
    query: z.string().regex(/^[\w/]+:\w+$/, 'must be a module and a function, such as orders:list'),
    args: z.record(z.string(), z.json()).default({}),
    ...ruleShape,
  })
  .refine(hasOneAudience, oneAudience)

const watchFileSchema = z.strictObject({
  watches: z
    .array(watchSchema)
    .max(1000)
    .refine(
      (watches) => new Set(watches.map(({ name }) => name)).size === watches.length,
      'must all have different names',
    ),
})

/** A query that is watched by its name. */
export type WatchByName = z.output<typeof watchSchema>

/** Throws `ConfigError`, with a line for each fault. */
export function readWatchFile(path: string): readonly WatchByName[] {
  const file = `CONVEX_WATCH_FILE ${path}`
  const result = watchFileSchema.safeParse(parsed(file, path))
  if (result.success) return result.data.watches
  const lines = result.error.issues.map((issue) => {
    const keys = issue.code === 'unrecognized_keys' ? `: ${issue.keys.join(', ')}` : ''
    return `${file}: ${issue.path.join('.')}: ${issue.message}${keys}`
  })
  throw new ConfigError(lines.join('\n'))
}

function parsed(file: string, path: string): unknown {
  let text: string
  try {
    text = readFileSync(path, 'utf8')
  } catch (cause) {
    const { code = 'unknown' } = cause as NodeJS.ErrnoException
    throw new ConfigError(`${file} can't be read (${code}): it must be a file`, { cause })
  }
  try {
    // Some editors begin a file with a byte order mark.
    return JSON.parse(text.replace(/^\uFEFF/, ''))
  } catch (cause) {
    throw new ConfigError(`${file} is no JSON`, { cause })
  }
}

/** `encode` makes JSON of Convex's values. Throws `ConfigError`. */
export function draftsBy(
  rule: WatchRule,
  name: string,
  encode: (value: unknown) => unknown,
): ToDrafts {
  const result = ruleSchema.safeParse(rule)
  if (!result.success) throw new ConfigError(`watch ${name}: ${z.prettifyError(result.error)}`)
  const { section = name, send } = result.data
  const audience = audienceOf(result.data, section)
  return ({ value, changes }) => {
    const payload =
      send === 'changes' && changes !== undefined
        ? { section, changes: encode({ ...changes }) }
        : { section, data: encode(value) }
    return [{ type: 'data.updated', payload, ...audience }]
  }
}

function audienceOf(given: AudienceGiven, section: string): Partial<MessageDraft> {
  const { userId, roles, topics, everyone } = given
  if (userId !== undefined) return { userId }
  if (roles !== undefined) return { roles }
  if (everyone) return {}
  return { topics: topics ?? [`convex.${section}`] }
}
