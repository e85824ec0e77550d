// The client's state, as a pure function of the last state and what happened.
//
//                  connect              delivered
//   disconnected ──────────► connecting ─────────► connected
//        ▲                    ▲  ▲   │                 │
//        │              due,  │  │   │ lost            │ lost
//        │ disconnect  signal │  │   ▼                 ▼
//        │ (from         ┌────┴──┼── waiting ◄─────────┘
//        │ anywhere)     │       │ reconnect
//        └───────────────┴──── failed ◄── lost for good: refused, or `maxAttempts` times
//
// Every state answers every event; `stay` says that an event means nothing there.

import type { TransportName } from './transport.js'

export type State =
  | { readonly name: 'disconnected' }
  | { readonly name: 'connecting'; readonly attempt: number }
  | { readonly name: 'connected'; readonly attempt: number; readonly transport: TransportName }
  | {
      readonly name: 'waiting'
      readonly attempt: number
      /** The server asked to stay away for so long. */
      readonly retryAfterMs: number
    }
  | { readonly name: 'failed' }

export type Event =
  | { readonly type: 'connect' }
  | { readonly type: 'disconnect' }
  /** At once, whatever was before. */
  | { readonly type: 'reconnect' }
  /** A transport carries. */
  | { readonly type: 'delivered'; readonly transport: TransportName }
  | {
      readonly type: 'lost'
      readonly retryAfterMs: number
      /** Coming back would change nothing. */
      readonly isFinal: boolean
      /** A link had carried for a while: there is nothing to back off from. */
      readonly isSteady: boolean
      readonly maxAttempts: number
    }
  /** The wait is over, or the network is back. */
  | { readonly type: 'due' }

type Name = State['name']
type StateOf<Which extends Name> = Extract<State, { name: Which }>
type EventOf<Which extends Event['type']> = Extract<Event, { type: Which }>
type Table = {
  readonly [From in Name]: {
    readonly [What in Event['type']]: (state: StateOf<From>, event: EventOf<What>) => State
  }
}

const stay = <Same extends State>(state: Same): State => state
const disconnected = (): State => ({ name: 'disconnected' })
const start = (): State => ({ name: 'connecting', attempt: 0 })

const deliver = ({ attempt }: { attempt: number }, event: EventOf<'delivered'>): State => ({
  name: 'connected',
  attempt,
  transport: event.transport,
})

function lose(
  { attempt }: { readonly attempt: number },
  { retryAfterMs, isFinal, isSteady, maxAttempts }: EventOf<'lost'>,
): State {
  const failures = isSteady ? 0 : attempt + 1
  if (isFinal || failures >= maxAttempts) return { name: 'failed' }
  return { name: 'waiting', attempt: failures, retryAfterMs }
}

const TABLE: Table = {
  disconnected: {
    connect: start,
    disconnect: stay,
    reconnect: start,
    delivered: stay,
    lost: stay,
    due: stay,
  },
  connecting: {
    connect: stay,
    disconnect: disconnected,
    reconnect: start,
    delivered: deliver,
    lost: lose,
    due: stay,
  },
  connected: {
    connect: stay,
    disconnect: disconnected,
    reconnect: start,
    delivered: deliver,
    lost: lose,
    due: stay,
  },
  waiting: {
    connect: stay,
    disconnect: disconnected,
    reconnect: start,
    delivered: stay,
    lost: stay,
    due: ({ attempt }) => ({ name: 'connecting', attempt }),
  },
  failed: {
    connect: start,
    disconnect: disconnected,
    reconnect: start,
    delivered: stay,
    lost: stay,
    due: stay,
  },
}

export function next(state: State, event: Event): State {
  const answer = TABLE[state.name][event.type] as (state: State, event: Event) => State
  return answer(state, event)
}
