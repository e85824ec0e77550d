// The headers of a request as they came: Node's `headers` keeps the first of some that come twice.

import type { IncomingMessage } from 'node:http'

/** Each value of the header `name`, which is in lower case. Costs less than `headersDistinct`. */
export function headerValues({ rawHeaders }: IncomingMessage, name: string): string[] {
  const values: string[] = []
  for (let at = 0; at + 1 < rawHeaders.length; at += 2) {
    const given = rawHeaders[at] ?? ''
    if (given.length !== name.length || given.toLowerCase() !== name) continue
    values.push(rawHeaders[at + 1] ?? '')
  }
  return values
}
