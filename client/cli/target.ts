// Which server is meant, and who asks: the options that all commands but `start` share.

import { readFileSync } from 'node:fs'
import type { Arguments } from './Arguments.js'
import { CliFault, misuse } from './CliFault.js'
import type { Options } from './Option.js'

export interface Target {
  /** Without a slash at the end. */
  readonly url: string
  readonly token: string | undefined
}

export const TARGET_OPTIONS: Options = {
  url: {
    type: 'string',
    value: 'URL',
    about: 'the server (default: SYNCLINE_URL, else http://localhost:5000)',
  },
  'token-file': {
    type: 'string',
    value: 'FILE',
    about: 'reads the token from a file (default: SYNCLINE_TOKEN, else none)',
  },
  as: {
    type: 'string',
    value: 'USER[:ROLE,…]',
    about:
      "who to be for a server in open mode: alice, or bob:manager,admin (default: the token's)",
  },
}

/** The environment is the process's own, but for tests. Throws a `CliFault`. */
export function targetOf(given: Arguments, env: NodeJS.ProcessEnv = process.env): Target {
  return {
    url: urlOf(given.text('url') ?? (env.SYNCLINE_URL || 'http://localhost:5000')),
    token: tokenOf(given, env),
  }
}

/** The options that led to this target, to say them again. Without any token. */
export function targetArguments(given: Arguments): string[] {
  return Object.keys(TARGET_OPTIONS).flatMap((name) => {
    const value = given.text(name)
    return value === undefined ? [] : [`--${name}`, value]
  })
}

function urlOf(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : undefined
  if (url === undefined || !/^https?:$/.test(url.protocol)) {
    throw misuse('the URL has to begin with http:// or https://, as http://localhost:5000')
  }
  if (url.username || url.password || url.search || url.hash) {
    throw misuse('the URL has to end with its host or path: no user, no ? and no #')
  }
  return url.href.replace(/\/$/, '')
}

function tokenOf(given: Arguments, env: NodeJS.ProcessEnv): string | undefined {
  const user = given.text('as')
  const file = given.text('token-file')
  if (user !== undefined && file !== undefined) {
    throw misuse('--as and --token-file both say who you are: give one')
  }
  const token = user === undefined ? (read(file) ?? env.SYNCLINE_TOKEN) : `dev:${user}`
  if (!token) return undefined
  if (/^[\x21-\x7e]+$/.test(token)) return token
  throw misuse('who you are (token, --as) has to be printable ASCII without spaces')
}

function read(file: string | undefined): string | undefined {
  if (file === undefined) return undefined
  try {
    const token = readFileSync(file, 'utf8').trim()
    if (token !== '') return token
  } catch (error) {
    throw new CliFault(`--token-file: can't be read (${(error as NodeJS.ErrnoException).code})`)
  }
  throw new CliFault('--token-file: the file is empty')
}
