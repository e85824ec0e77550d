/**
 * The log's identity within a cursor (docs/protocol.md, "Cursor and order"): the one thing about it
 * that a client looks at, to know whether a server can still know an idempotency key.
 */
export const epochOf = (cursor: string): string => cursor.slice(cursor.lastIndexOf('.') + 1)
