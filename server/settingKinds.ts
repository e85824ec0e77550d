// The kinds of values that settings have, as text from the environment or as values in code. Each
// says of a wrong one what a right one would be, and repeats nothing of it.

import { z } from 'zod'
import { isName } from '../shared/names.js'
import { areProxies } from './security/addresses.js'
import { isLoopbackName } from './security/hosts.js'

export const wholeNumber = (min: number, max: number) =>
  z
    .union(
      [
        z.number(),
        z
          .string()
          .regex(/^\d{1,15}$/)
          .transform(Number),
      ],
      {
        error: `must be a whole number from ${min} to ${max}`,
      },
    )
    .pipe(
      z
        .int()
        .min(min, { error: `must be at least ${min}` })
        .max(max, { error: `must be at most ${max}` }),
    )

export const flag = z.union(
  [
    z.boolean(),
    z.enum(['true', 'false', 'on', 'off']).transform((text) => text === 'true' || text === 'on'),
  ],
  {
    error: 'must be true or false, or on or off',
  },
)

/** Several texts, as a list or with commas between. */
export const list = (isValid: (item: string) => boolean, error: string) =>
  z
    .union([
      z.array(z.string()),
      z.string().transform((text) => text.split(',').map((item) => item.trim())),
    ])
    .pipe(z.array(z.string().refine(isValid, { error })))

export const isHost = (text: string) =>
  URL.canParse(`http://${text}`) &&
  new URL(`http://${text}`).pathname === '/' &&
  !/[/@?#*=]/.test(text)

export const isOrigin = (text: string) => URL.canParse(text) && new URL(text).origin === text

export const text = (max: number) =>
  z
    .string()
    .min(1)
    .max(max, { error: `must have at most ${max} characters` })

const hasBytes = (min: number) => (given: string) => Buffer.byteLength(given) >= min

/** As many as the hash that it keys has (RFC 7518, section 3.2). */
const MIN_KEY_BYTES = 32
const MIN_SECRET_BYTES = 16

export const signingKey = z.string().refine(hasBytes(MIN_KEY_BYTES), {
  error: `must have at least ${MIN_KEY_BYTES} bytes; make one: openssl rand -base64 48`,
})

/**
 * Keys that come over an open network could be anybody's. A name without dots is of a private one:
 * another container, say.
 */
export const isKeySetUrl = (given: string) => {
  if (!URL.canParse(given)) return false
  const { protocol, hostname, username, password } = new URL(given)
  const isPrivate = isLoopbackName(hostname) || /^[^.:]+$/.test(hostname)
  const isSafe = protocol === 'https:' || (protocol === 'http:' && isPrivate)
  return isSafe && username === '' && password === ''
}

/** What comes over it is users' own. At `.convex.site` there are HTTP actions, and no queries. */
export const isDeploymentUrl = (given: string) =>
  isKeySetUrl(given) &&
  new URL(given).pathname === '/' &&
  !/[?#]/.test(given) &&
  !new URL(given).hostname.endsWith('.convex.site')

export const isRedisUrl = (given: string) => {
  if (!/^rediss?:\/\/./.test(given) || !URL.canParse(given)) return false
  const { hostname, pathname, search, hash } = new URL(given)
  // A query would overrule how the connection is used.
  if (search !== '' || hash !== '') return false
  return hostname !== '' && /^(\/\d{0,4})?$/.test(pathname)
}

const SECONDS = { s: 1, m: 60, h: 3600, d: 86_400 } as const

/** A time in seconds: a number, or text such as `90`, `30m`, `24h` or `7d`. */
export const duration = (minSeconds: number, maxSeconds: number, error: string) =>
  z
    .union(
      [
        z.number(),
        z
          .string()
          .regex(/^\d{1,9}[smhd]?$/)
          .transform((given) => {
            const unit = /[smhd]$/.exec(given)?.[0] ?? 's'
            return Number.parseInt(given, 10) * SECONDS[unit as keyof typeof SECONDS]
          }),
      ],
      { error },
    )
    .pipe(z.int({ error }).min(minSeconds, { error }).max(maxSeconds, { error }))

const SERVICES_RULE =
  'must be name:secret pairs, separated by commas, each name once and each secret with at least 16 bytes'

/** `billing:<secret>,orders:<secret>`, or the same as a list of objects. */
export const serviceTokens = z
  .union(
    [
      z.array(z.strictObject({ name: z.string(), secret: z.string() })),
      z.string().transform((given) =>
        given.split(',').map((pair) => {
          const [name = '', ...rest] = pair.trim().split(':')
          return { name, secret: rest.join(':') }
        }),
      ),
    ],
    { error: SERVICES_RULE },
  )
  .refine(
    (services) =>
      new Set(services.map(({ name }) => name)).size === services.length &&
      new Set(services.map((service) => service.secret)).size === services.length &&
      services.every(
        (service) => isName(service.name) && hasBytes(MIN_SECRET_BYTES)(service.secret),
      ),
    { error: SERVICES_RULE },
  )

const TRUST_RULE =
  'must be how many proxies stand in front (1), or their addresses (10.0.0.0/8,loopback); never true, which would believe anybody'

/** A count of proxies, or their addresses and ranges. */
export const trustProxy = z.union(
  [
    z.int().min(0).max(10),
    z
      .string()
      .regex(/^\d{1,2}$/)
      .transform(Number)
      .pipe(z.int().max(10)),
    list(() => true, TRUST_RULE).refine(areProxies, { error: TRUST_RULE }),
  ],
  { error: TRUST_RULE },
)
