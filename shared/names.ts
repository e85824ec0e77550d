// What a type, a topic, a user and a role may be called. All names are data, never patterns.

const TYPE = /^(?=.{1,128}$)[A-Za-z][A-Za-z0-9]*([._:-][A-Za-z0-9]+)*$/
const TOPIC = /^[A-Za-z0-9][A-Za-z0-9._:-]{0,199}$/
// Code points, without control characters (Cc) and without lone surrogates (Cs).
const NAME = /^[^\p{Cc}\p{Cs}]{1,128}$/u

/** The prefix of the types that only the server itself may publish. */
const RESERVED_PREFIX = 'sync.'

/** Topics per request or connection, and how many bytes their names may take, joined by commas. */
export const MAX_TOPICS = 50
export const MAX_TOPICS_BYTES = 4096

export const isTopic = (text: string): boolean => TOPIC.test(text)

/** A `userId`, a role or an idempotency key: 1–128 characters, no control characters. */
export const isName = (text: string): boolean => NAME.test(text)

/** Why `text` can't be a message's type, or `undefined` where it can. */
export function typeFault(text: string): string | undefined {
  if (text.startsWith(RESERVED_PREFIX)) {
    return `must not start with "${RESERVED_PREFIX}", which is the server's own`
  }
  if (TYPE.test(text)) return undefined
  if (!/^[A-Za-z]/.test(text)) return 'must start with a letter'
  if (text.length > 128) return 'must be at most 128 characters'
  return 'must be letters and digits, in parts joined by one of . _ : -'
}

/** Why these can't be the topics of one request or connection, or `undefined` where they can. */
export function topicsFault(topics: readonly string[], maxTopics = MAX_TOPICS): string | undefined {
  const bad = topics.find((topic) => !isTopic(topic))
  if (bad !== undefined) {
    return 'must be 1–200 letters, digits and . _ : - each, starting with a letter or digit'
  }
  if (topics.length > maxTopics) return `must be at most ${maxTopics}`
  // Topic names are ASCII, so characters are bytes.
  if (topics.join(',').length > MAX_TOPICS_BYTES) {
    return `must take at most ${MAX_TOPICS_BYTES} bytes together`
  }
  return undefined
}
