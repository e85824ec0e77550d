// `syncline token`: makes a token for a server that verifies by AUTH_JWT_SECRET, for trying one out and
// for scripts. The secret is read from where the server has it, never from the command line.

import { randomUUID } from 'node:crypto'
import { existsSync } from 'node:fs'
import { SignJWT } from 'jose'
import type { Arguments } from './Arguments.js'
import { CliFault, misuse } from './CliFault.js'
import type { Command } from './Command.js'
import { print } from './screen.js'

const MIN_SECRET_BYTES = 32
const MAKE_ONE = 'make one: openssl rand -base64 48'
const SECONDS: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3600, d: 86_400 }
const DEFAULT_TTL = '1h'
/** The server's own default. */
const DEFAULT_MAX_AGE = '24h'
const NAME = /^[^\p{Cc}\p{Cs}]{1,128}$/u
const GRANT = /^(\*|[A-Za-z0-9][A-Za-z0-9._:-]{0,198}\*?)$/

export const token: Command = {
  name: 'token',
  operands: '',
  summary: 'make a token for a server with AUTH_JWT_SECRET',
  about: `Prints a token (JWT, HS256) signed with AUTH_JWT_SECRET, which comes from the environment or from
.env in this folder. AUTH_ISSUER, AUTH_AUDIENCE, AUTH_ROLES_CLAIM, AUTH_TOPICS_CLAIM and
AUTH_MAX_TOKEN_AGE hold as they do for the server. Several names are repeated, or have commas between.`,
  options: {
    user: { type: 'string', value: 'USER', about: 'whom it stands for' },
    roles: {
      type: 'string',
      multiple: true,
      value: 'ROLE,…',
      about: 'what it has; admin may publish to anyone (default: none)',
    },
    topics: {
      type: 'string',
      multiple: true,
      value: 'TOPIC,…',
      about: "what it may subscribe to; 'batch:*' is all that begin so (default: none)",
    },
    publish: {
      type: 'string',
      multiple: true,
      value: 'TOPIC,…',
      about: 'what it may publish to, likewise (default: none)',
    },
    ttl: {
      type: 'string',
      value: 'TIME',
      about: `how long it is good, as 30s, 10m, 1h or 7d (default: ${DEFAULT_TTL})`,
    },
  },
  examples: [
    `export SYNCLINE_TOKEN=$(npx syncline token --user alice --topics 'batch:*')`,
    `npx syncline token --user ops --roles admin --ttl 10m`,
  ],

  async run(given) {
    given.require(0, 0)
    if (existsSync('.env')) process.loadEnvFile('.env')
    const { env } = process
    const user = given.text('user')
    if (user === undefined) throw misuse('--user is missing: whom does it stand for?')
    if (!NAME.test(user)) throw misuse('--user has to be 1 to 128 characters, none a control')
    const claims = { sub: user, ...rightsOf(given, env) }
    print(await signed(claims, lifetimeOf(given, env), secretOf(env), env))
  },
}

function signed(
  claims: Readonly<Record<string, unknown>>,
  lifetimeSeconds: number,
  key: Uint8Array,
  { AUTH_ISSUER, AUTH_AUDIENCE }: NodeJS.ProcessEnv,
): Promise<string> {
  const now = Math.floor(Date.now() / 1000)
  const jwt = new SignJWT({ ...claims })
    .setProtectedHeader({ alg: 'HS256', typ: 'JWT' })
    .setIssuedAt(now)
    .setExpirationTime(now + lifetimeSeconds)
    .setJti(randomUUID())
  if (AUTH_ISSUER) jwt.setIssuer(AUTH_ISSUER)
  if (AUTH_AUDIENCE) jwt.setAudience(AUTH_AUDIENCE.split(',').map((name) => name.trim()))
  return jwt.sign(key)
}

/** Under the names that the server looks for, which win over paths there. */
function rightsOf(given: Arguments, env: NodeJS.ProcessEnv): Readonly<Record<string, unknown>> {
  const roles = namesIn(given, 'roles', NAME)
  const subscribe = namesIn(given, 'topics', GRANT)
  const publish = namesIn(given, 'publish', GRANT)
  const hasTopics = subscribe.length + publish.length > 0
  return {
    ...(roles.length > 0 && { [env.AUTH_ROLES_CLAIM || 'roles']: roles }),
    ...(hasTopics && { [env.AUTH_TOPICS_CLAIM || 'topics']: { subscribe, publish } }),
  }
}

function namesIn(given: Arguments, option: string, rule: RegExp): string[] {
  const names = given.texts(option).flatMap((text) => text.split(',').map((name) => name.trim()))
  if (names.every((name) => rule.test(name))) return [...new Set(names)]
  throw misuse(
    rule === GRANT
      ? `--${option} takes topics such as orders, or 'batch:*' for all that begin so, with commas between`
      : `--${option} takes names of 1 to 128 characters, with commas between`,
  )
}

function lifetimeOf(given: Arguments, env: NodeJS.ProcessEnv): number {
  const seconds = secondsIn(given.text('ttl') ?? DEFAULT_TTL)
  if (!seconds) throw misuse('--ttl takes a time such as 30s, 10m, 1h or 7d')
  const maxAge = env.AUTH_MAX_TOKEN_AGE || DEFAULT_MAX_AGE
  const max = secondsIn(maxAge)
  if (max === undefined || seconds <= max) return seconds
  throw new CliFault(
    `the server refuses tokens that live longer than ${maxAge}: take a shorter --ttl, or set AUTH_MAX_TOKEN_AGE for both`,
  )
}

function secondsIn(text: string): number | undefined {
  const [, count, unit] = /^(\d{1,9})([smhd]?)$/.exec(text) ?? []
  return count === undefined ? undefined : Number(count) * (SECONDS[unit || 's'] ?? 1)
}

function secretOf({ AUTH_JWT_SECRET: secret, AUTH_JWKS_URL }: NodeJS.ProcessEnv): Uint8Array {
  if (!secret && AUTH_JWKS_URL) {
    throw new CliFault('with AUTH_JWKS_URL tokens come from your identity provider, not from here')
  }
  if (!secret) {
    throw new CliFault(
      `AUTH_JWT_SECRET is set neither in the environment nor in .env here; the server needs the same one; ${MAKE_ONE}`,
    )
  }
  const key = new TextEncoder().encode(secret)
  if (key.length >= MIN_SECRET_BYTES) return key
  throw new CliFault(`AUTH_JWT_SECRET must have at least ${MIN_SECRET_BYTES} bytes; ${MAKE_ONE}`)
}
