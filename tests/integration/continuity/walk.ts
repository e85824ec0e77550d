// A walk, as fast-check makes it: readers that change transports and leave rudely, publishers, and
// a world that ages, jumps in time and restarts. `run.ts` runs it.

import fc from 'fast-check'
import type { Limits } from './LogRecord.js'
import type { Audience } from './Publications.js'
import type { PollStep } from './polls.js'
import type { PublishStep } from './publishers.js'
import type { ReaderFacts } from './Reader.js'
import type { StreamStep } from './streams.js'

export type ReadStep = (PollStep | StreamStep) & { readonly pauseMs: number }

export interface WorldStep {
  readonly pauseMs: number
  readonly kind: 'ages' | 'jumps' | 'restarts'
  readonly ms: number
}

export interface Walk {
  readonly limits: Limits
  /** One write in so many is told to be too much; never, where it is 0. */
  readonly clogsOneIn: number
  readonly seed: number
  readonly readers: readonly { readonly facts: ReaderFacts; readonly steps: readonly ReadStep[] }[]
  readonly publishers: readonly (readonly PublishStep[])[]
  readonly world: readonly WorldStep[]
}

/** What a walk may meet. */
export interface Terrain {
  readonly limits: fc.Arbitrary<Limits>
  readonly isAging: boolean
  readonly isRestarting: boolean
  /** A few messages, one at a time, so that none can wake those that an earlier one did not. */
  readonly isQuiet?: boolean
}

const DAY_MS = 86_400_000
const ROOMY: Limits = { messagesPerAudience: 100_000, ttlMs: DAY_MS }
export const TERRAINS = {
  roomy: { limits: fc.constant(ROOMY), isAging: false, isRestarting: false },
  quiet: { limits: fc.constant(ROOMY), isAging: false, isRestarting: false, isQuiet: true },
  crowded: {
    limits: fc.record({
      messagesPerAudience: fc.integer({ min: 3, max: 20 }),
      ttlMs: fc.constant(DAY_MS),
    }),
    isAging: false,
    isRestarting: false,
  },
  aging: {
    limits: fc.record({
      messagesPerAudience: fc.constantFrom(20, 100_000),
      ttlMs: fc.constant(1000),
    }),
    isAging: true,
    isRestarting: false,
  },
  restarting: {
    limits: fc.record({
      messagesPerAudience: fc.constantFrom(20, 100_000),
      ttlMs: fc.constant(DAY_MS),
    }),
    isAging: false,
    isRestarting: true,
  },
} satisfies Record<string, Terrain>

const USERS = ['ann', 'bob', 'eve'] as const
const ROLES = ['cook', 'pilot'] as const
export const TOPICS = ['t:1', 't:2', 't:3', 't:4'] as const

const anyTopics = fc.subarray([...TOPICS])
const someTopics = fc.subarray([...TOPICS], { minLength: 1, maxLength: 2 })
const pauseMs = fc.oneof({ weight: 3, arbitrary: fc.constant(0) }, fc.integer({ min: 1, max: 12 }))
const from = fc.oneof(
  { weight: 12, arbitrary: fc.constant('cursor' as const) },
  { weight: 3, arbitrary: fc.constantFrom('older' as const, 'oldest' as const) },
  fc.constant('now' as const),
)

const audience: fc.Arbitrary<Audience> = fc.oneof(
  fc.record({ userId: fc.constantFrom(...USERS) }),
  fc.record({ roles: fc.subarray([...ROLES], { minLength: 1 }) }),
  { weight: 3, arbitrary: fc.record({ topics: someTopics }) },
  fc.record({ userId: fc.constantFrom(...USERS), topics: someTopics }),
  fc.constant({}),
)
const namedAudience = audience.filter((fields) => Object.keys(fields).length > 0)
const retry = fc.constantFrom('none', 'none', 'again', 'at once', 'cut', 'other content')

/** Many small ones fill a page by their number, a few large ones by their bytes. */
const BURSTS: readonly {
  readonly count: fc.Arbitrary<number>
  readonly padding: fc.Arbitrary<number>
}[] = [
  { count: fc.integer({ min: 2, max: 150 }), padding: fc.constantFrom(0, 4000) },
  { count: fc.integer({ min: 2, max: 12 }), padding: fc.constant(40_000) },
]

const publishStep = ({ isAging }: Terrain): fc.Arbitrary<PublishStep> =>
  fc.oneof(
    {
      weight: 6,
      arbitrary: fc.record({
        kind: fc.constant('send'),
        audience: namedAudience,
        retry,
        pauseMs,
      }),
    },
    {
      weight: 3,
      arbitrary: fc.record({ kind: fc.constant('broadcast'), audience, retry, pauseMs }),
    },
    fc.record({ kind: fc.constant('socket'), audience: namedAudience, retry, pauseMs }),
    fc.record({ kind: fc.constant('self'), userId: fc.constantFrom(...USERS), retry, pauseMs }),
    fc.record({
      kind: fc.constant('batch'),
      audiences: fc.array(namedAudience, { minLength: 1, maxLength: 8 }),
      retry,
      pauseMs,
    }),
    fc.record({
      kind: fc.constant('each'),
      userIds: fc.subarray([...USERS], { minLength: 1 }),
      retry,
      pauseMs,
    }),
    fc.record({ kind: fc.constant('force'), audience, pauseMs }),
    ...BURSTS.map((size) =>
      fc.record({
        kind: fc.constant('burst'),
        audience,
        ...size,
        agesMs: fc.constantFrom(0, isAging ? 1500 : 0),
        pauseMs,
      }),
    ),
  )

const socketAct: fc.Arbitrary<StreamStep['acts'][number]> = fc.oneof(
  fc.record({ kind: fc.constantFrom('subscribe', 'unsubscribe'), topics: someTopics, pauseMs }),
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant('subscribeSince'),
      topics: someTopics,
      from: fc.constantFrom('cursor', 'older', 'older', 'oldest'),
      pauseMs,
    }),
  },
)

const readStep: fc.Arbitrary<ReadStep> = fc.oneof(
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constantFrom('websocket', 'websocket', 'sse'),
      from,
      topics: anyTopics,
      acts: fc.array(socketAct, { maxLength: 6 }),
      stayMs: fc.oneof(fc.integer({ min: 0, max: 25 }), fc.constant(120)),
      cutAtEvent: fc.option(fc.integer({ min: 1, max: 60 }), { nil: undefined }),
      pauseMs,
    }),
  },
  fc.record({
    kind: fc.constant('poll'),
    from,
    topics: anyTopics,
    limit: fc.constantFrom(1, 3, 100),
    pages: fc.integer({ min: 1, max: 6 }),
    pauseMs,
  }),
  fc.record({
    kind: fc.constant('longPoll'),
    from,
    topics: anyTopics,
    limit: fc.constantFrom(2, 100),
    isLong: fc.boolean(),
    idleMs: fc.integer({ min: 0, max: 40 }),
    pauseMs,
  }),
)

const quietReadStep: fc.Arbitrary<ReadStep> = fc.record({
  kind: fc.constant('longPoll'),
  from: fc.constant('cursor'),
  topics: fc.constant([]),
  limit: fc.constant(100),
  isLong: fc.constant(true),
  idleMs: fc.constant(50),
  pauseMs,
})

const quietPublishStep: fc.Arbitrary<PublishStep> = fc.record({
  kind: fc.constant('broadcast'),
  audience: fc.constant({}),
  retry: fc.constant('none'),
  pauseMs: fc.integer({ min: 0, max: 20 }),
})

const worldSteps = ({ isAging, isRestarting }: Terrain): fc.Arbitrary<WorldStep[]> =>
  fc.array(
    fc.record({
      kind: fc.constantFrom<WorldStep['kind']>(
        'jumps',
        ...(isAging ? (['ages', 'ages'] as const) : []),
        ...(isRestarting ? (['restarts'] as const) : []),
      ),
      ms: fc.constantFrom(-5000, 1, 2, 400, 700, 1000),
      pauseMs: fc.integer({ min: 5, max: 60 }),
    }),
    { minLength: isRestarting ? 2 : 1, maxLength: 5 },
  )

export const walkOn = (terrain: Terrain): fc.Arbitrary<Walk> =>
  fc.record({
    limits: terrain.limits,
    clogsOneIn: fc.constantFrom(0, 3, 10),
    seed: fc.nat(),
    readers: fc.array(
      fc.record({
        facts: fc.record({
          userId: fc.constantFrom(...USERS),
          roles: fc.subarray([...ROLES]),
        }),
        steps: fc.array(terrain.isQuiet ? fc.oneof(quietReadStep, readStep) : readStep, {
          minLength: 2,
          maxLength: 7,
        }),
      }),
      { minLength: 1, maxLength: 4 },
    ),
    publishers: terrain.isQuiet
      ? fc.array(fc.array(quietPublishStep, { minLength: 1, maxLength: 6 }), {
          minLength: 1,
          maxLength: 1,
        })
      : fc.array(fc.array(publishStep(terrain), { minLength: 3, maxLength: 14 }), {
          minLength: 1,
          maxLength: 3,
        }),
    world: worldSteps(terrain),
  }) as fc.Arbitrary<Walk>
