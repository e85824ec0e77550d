// The guide as a list of things to do, read from its own text: files to write, lines to change, and
// commands to type, with what they print.

import { readFile } from 'node:fs/promises'
import { sectionOf } from './markdown.js'

export type Action =
  /** `file` and its text. */
  | { readonly kind: 'write'; readonly file: string; readonly code: string }
  /** What becomes of the one line of `file` that has `anchor` in it. */
  | {
      readonly kind: 'edit'
      readonly file: string
      readonly where: 'above' | 'below' | 'in place of'
      readonly anchor: string
      readonly code: string
    }
  | { readonly kind: 'run'; readonly command: string; readonly shows: string | undefined }

/** A paragraph before a block, the block, and, behind a command, a block without a language. */
const BLOCK = /(?:([^\n]*)\n)?\n```(\w+)\n([\s\S]*?)```\n(?:\n```\n([\s\S]*?)```\n)?/g
const WRITE = /^`([\w.]+)`(?:, anew)?:$/
const EDIT = /^In `([\w.]+)`, (above|below|in place of) `(.+)`:$/

export async function readGuide(): Promise<string> {
  return readFile('docs/guide.md', 'utf8')
}

/** Throws for a block of which it isn't said what to do with it. */
export function actionsUnder(guide: string, heading: string): Action[] {
  return [...sectionOf(guide, heading).matchAll(BLOCK)].map(
    ([, before = '', language, code = '', shows]): Action => {
      if (language === 'sh') return { kind: 'run', command: code.trim(), shows }
      const [, written] = WRITE.exec(before) ?? []
      if (written !== undefined) return { kind: 'write', file: written, code }
      const [, file, where, anchor] = EDIT.exec(before) ?? []
      if (file === undefined || anchor === undefined) {
        throw new Error(`it isn't said where this goes: ${before}\n${code}`)
      }
      return { kind: 'edit', file, where: where as 'above', anchor, code }
    },
  )
}

/** The text after a change. Throws where the line to look for isn't there, or not alone. */
export function edited(text: string, { where, anchor, code }: Action & { kind: 'edit' }): string {
  const lines = text.split('\n')
  const found = lines.filter((line) => line.includes(anchor))
  const [line] = found
  if (line === undefined || found.length > 1) {
    throw new Error(`${found.length} lines have ${anchor}:\n${text}`)
  }
  const added = code.trimEnd()
  const put = { above: [added, line], below: [line, added], 'in place of': [added] }[where]
  return lines.toSpliced(lines.indexOf(line), 1, ...put).join('\n')
}
