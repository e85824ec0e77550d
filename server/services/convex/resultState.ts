// What a query's result was, as little as is needed to tell what has changed since: a digest, and one
// for each document where the result is a list of documents.

import { createHash } from 'node:crypto'

/** Small enough to be kept for whoever goes on. */
export interface ResultState {
  readonly digest: string
  /** By `_id`, in the order of the list. Absent where the result is something else. */
  readonly documents?: Readonly<Record<string, string>>
}

export interface Changes<Document = unknown> {
  readonly added: readonly Document[]
  readonly changed: readonly Document[]
  /** Their `_id`s. */
  readonly removed: readonly string[]
}

/** `json`: the result as JSON values. */
export function stateOf(json: unknown): ResultState {
  const digest = digestOf(json)
  if (!isDocumentList(json)) return { digest }
  const documents = Object.fromEntries(json.map((document) => [document._id, digestOf(document)]))
  // The same document twice can't be told by its `_id`.
  return Object.keys(documents).length === json.length ? { digest, documents } : { digest }
}

/**
 * What has changed, or `undefined` where one of the two is no list of documents. `documents` are those
 * of `after`, in its order, as they are to be handed on.
 */
export function changesBetween<Document>(
  before: ResultState,
  after: ResultState,
  documents: readonly Document[],
): Changes<Document> | undefined {
  const [old, now] = [before.documents, after.documents]
  if (old === undefined || now === undefined) return undefined
  const added: Document[] = []
  const changed: Document[] = []
  Object.entries(now).forEach(([id, digest], index) => {
    const document = documents[index] as Document
    if (!Object.hasOwn(old, id)) added.push(document)
    else if (old[id] !== digest) changed.push(document)
  })
  const removed = Object.keys(old).filter((id) => !Object.hasOwn(now, id))
  return { added, changed, removed }
}

export const isNoChange = ({ added, changed, removed }: Changes): boolean =>
  added.length + changed.length + removed.length === 0

function isDocumentList(json: unknown): json is { _id: string }[] {
  return (
    Array.isArray(json) &&
    // A number as a key would move to the front.
    json.every((item) => typeof item?._id === 'string' && !/^\d+$/.test(item._id))
  )
}

/** The same for the same content, in whatever order the fields of its objects come. */
function digestOf(json: unknown): string {
  const text = JSON.stringify(json, (_, value: unknown) =>
    isObject(value) ? sorted(value) : value,
  )
  return createHash('sha256').update(text).digest('base64url').slice(0, 20)
}

const isObject = (value: unknown): value is object =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

const sorted = (value: object) =>
  Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)))
