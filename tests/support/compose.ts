// compose.yaml as Compose reads it: variables put in, and an error where a required one is missing.

import { readFileSync } from 'node:fs'
import { parse } from 'yaml'

export interface Service {
  readonly image: string
  readonly command?: readonly string[]
  readonly environment?: Readonly<Record<string, string>>
  readonly depends_on?: Readonly<Record<string, { readonly condition: string }>>
  readonly healthcheck?: { readonly test: readonly string[] }
  readonly ports?: readonly string[]
  readonly volumes?: readonly string[]
  readonly stop_grace_period?: string
}

export interface Compose {
  readonly services: Readonly<Record<string, Service>>
  readonly volumes: Readonly<Record<string, object>>
}

type Variables = Readonly<Record<string, string>>

const VARIABLE = /\$\{(\w+)(?::([-?])([^}]*))?\}/g

/** Throws where a variable that is required is not there. */
export function readCompose(variables: Variables): Compose {
  const document: unknown = parse(readFileSync('compose.yaml', 'utf8'), { merge: true })
  return interpolated(document, variables) as Compose
}

function interpolated(value: unknown, variables: Variables): unknown {
  if (typeof value === 'string') {
    return value.replace(VARIABLE, (_all, name: string, kind?: string, text = '') => {
      const given = variables[name]
      if (given) return given
      if (kind === '?') throw new Error(`${name}: ${text}`)
      return kind === '-' ? text : ''
    })
  }
  if (Array.isArray(value)) return value.map((item) => interpolated(item, variables))
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(
    Object.entries(value).map(([key, item]) => [key, interpolated(item, variables)]),
  )
}
