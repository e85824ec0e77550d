// The head of an answer before it is written. Header by header, Node checks, copies and sorts what is set,
// which takes a fourth of a small answer's time; so a server of our own keeps it back, to be written at
// once. In a host's app it is set as ever: what stands around us there may want to see it.

import type { ServerResponse } from 'node:http'

/** Names and values in turn. */
export type Head = readonly string[]

const KEPT = Symbol('head that was kept back')

type Keeping = ServerResponse & { [KEPT]?: string[] | undefined }

/** From here on what is said of this answer is kept back, beginning with `head`. */
export function keepHead(res: ServerResponse, head: Head): void {
  ;(res as Keeping)[KEPT] = [...head]
}

/** Says so with the answer, in the place of what was said before under the same name. */
export function say(res: ServerResponse, name: string, value: string): void {
  const kept = (res as Keeping)[KEPT]
  if (kept === undefined) {
    res.setHeader(name, value)
    return
  }
  const at = kept.indexOf(name)
  if (at === -1 || at % 2 === 1) kept.push(name, value)
  else kept[at + 1] = value
}

/** As `say`, of names that were not said before. */
export function sayAll(res: ServerResponse, head: Head): void {
  const kept = (res as Keeping)[KEPT]
  if (kept === undefined) setHead(res, head)
  else kept.push(...head)
}

/** As `say`, beside what a host has said under the same name. */
export function sayToo(res: ServerResponse, name: string, value: string): void {
  if ((res as Keeping)[KEPT] === undefined) res.appendHeader(name, value)
  else say(res, name, value)
}

/** Adds a value to what was said under this name, of those that take several. */
export function sayBeside(res: ServerResponse, name: string, value: string): void {
  const kept = (res as Keeping)[KEPT]
  if (kept === undefined) {
    res.appendHeader(name, value)
    return
  }
  const at = kept.indexOf(name)
  if (at === -1 || at % 2 === 1) kept.push(name, value)
  else kept[at + 1] = `${kept[at + 1]}, ${value}`
}

/** What was kept back, to be written; `undefined` where nothing was. */
export function takeHead(res: ServerResponse): string[] | undefined {
  const kept = (res as Keeping)[KEPT]
  ;(res as Keeping)[KEPT] = undefined
  return kept
}

/** Sets what was kept back, for whoever writes the answer otherwise. */
export function setHead(res: ServerResponse, head: Head = takeHead(res) ?? []): undefined {
  for (let at = 0; at + 1 < head.length; at += 2) res.setHeader(head[at] ?? '', head[at + 1] ?? '')
}
