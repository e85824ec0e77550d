// What is behind a ConnectionManager: puts the parts together. `machine.ts` says what follows from
// what; here it is made to happen.

import type { Message, ResyncReason } from '../../shared/message.js'
import { backoffMs } from './backoff.js'
import { ConnectionError } from './ConnectionError.js'
import type { Closure } from './closures.js'
import { createCredentials } from './credentials.js'
import { createEmitter } from './emitter.js'
import { ambientEnvironment, type Environment } from './environment.js'
import type { ConnectedFrame } from './frames.js'
import { createLadder } from './ladder.js'
import { type Event, next, type State } from './machine.js'
import type { Draft, MessageFilter, MessageOf, Sent } from './messages.js'
import { createMonitor } from './monitor.js'
import { type ConnectionOptions, checkTopics, resolveOptions } from './options.js'
import type { Outbox } from './outbox.js'
import type { ConnectionEvents, Snapshot } from './snapshot.js'
import { createTopics } from './topics.js'
import type { TransportName } from './transport.js'
import { buildTransports, loadOnDemand } from './transports.js'

export function createClient(given: ConnectionOptions, replaced?: Partial<Environment>) {
  const options = resolveOptions(given)
  const environment = { ...ambientEnvironment(given), ...replaced }
  const credentials = createCredentials(options, environment)
  const { on, emit } = createEmitter<ConnectionEvents & { message: Message }>()
  let outbox: Outbox | undefined
  let state: State = { name: 'disconnected' }
  let userId: string | undefined
  let denied: readonly string[] = []
  let lastError: ConnectionError | undefined
  /** Counts what ends the sends that wait. */
  let era = 0
  let cancelWait = () => {}
  let stopWatching = () => {}

  const topics = createTopics(options.topics, (added, dropped) => {
    ladder.addTopics(added)
    ladder.dropTopics(dropped)
  })
  const ladder = createLadder({
    options,
    environment,
    transports: buildTransports(options, environment),
    reading: () => ({ topics: topics.names(), token: credentials.token() }),
    listener: {
      carried,
      heard: () => {
        monitor.heard()
        outbox?.pump()
      },
      message: deliver,
      resync: (reason: ResyncReason) => emit('resync', { reason }),
      answered: (frame) => outbox?.answered(frame),
      expired: () => void renewToken(),
      ended: lose,
    },
  })
  const monitor = createMonitor(environment, {
    ping: () => {
      ladder.say({ op: 'ping' })
      return ladder.maxBytes() !== undefined
    },
    replace: ladder.replace,
    abandon: ladder.abandon,
  })
  const initial = describe()
  let snapshot = initial

  function dispatch(event: Event): void {
    const entered = next(state, event)
    if (entered === state) return
    state = entered
    cancelWait()
    if (entered.name === 'connecting') {
      stopWatching()
      stopWatching = environment.watch(sense)
      void open(entered)
    } else if (entered.name === 'waiting') {
      const { after, random } = environment
      // The server told many others the same: a quarter of the time to spread them.
      const askedMs = entered.retryAfterMs * (1 + random() / 4)
      const due = () => dispatch({ type: 'due' })
      cancelWait = after(askedMs || backoffMs(entered.attempt, random), due)
    } else if (entered.name !== 'connected') {
      stopWatching()
      monitor.lost()
      ladder.close()
      clear('disconnected')
    }
    changed()
  }

  async function open(entered: State): Promise<void> {
    // Fetched before they are needed: by then, the network may be bad.
    loadOnDemand().catch(() => {})
    if (credentials.isWanted()) {
      try {
        const token = await credentials.ask()
        if (state !== entered) return
        if (credentials.set(token)) forget()
      } catch (error) {
        if (state !== entered) return
        return lose({ kind: 'lost', code: 'token_failed', why: `getToken: ${error}` })
      }
    }
    ladder.open()
  }

  function carried(frame: ConnectedFrame, transport: TransportName): void {
    if (frame.userId && userId && frame.userId !== userId) {
      forget()
      return restart()
    }
    userId = frame.userId ?? userId
    denied = frame.denied
    lastError = undefined
    credentials.accepted()
    monitor.carried(frame.heartbeat)
    dispatch({ type: 'delivered', transport })
    outbox?.linkChanged()
  }

  function lose(closure: Closure, isSteady?: boolean): void {
    monitor.lost()
    const isExpired = closure.kind === 'expired'
    const isFinal = closure.kind === 'refused' || (isExpired && !credentials.refused())
    const code = isExpired ? 'unauthorized' : (closure.code ?? 'unreachable')
    const error = new ConnectionError(code, closure.why)
    lastError = error
    dispatch({
      type: 'lost',
      retryAfterMs: closure.retryAfterMs ?? 0,
      isFinal,
      isSteady: isSteady === true,
      maxAttempts: isSteady === undefined ? options.maxReconnectAttempts : Infinity,
    })
    outbox?.linkChanged()
    if (isSteady === undefined || isFinal) emit('error', error)
  }

  /** The page or the network has changed. */
  function sense(): void {
    ladder.retry(!monitor.ask())
    const mustWait = state.name === 'waiting' && state.retryAfterMs > 0
    if (!mustWait) dispatch({ type: 'due' })
  }

  function deliver(message: Message): void {
    const isByTopic = message.userId === undefined && message.roles === undefined
    // Dropped a moment ago, and the server has not heard of it yet.
    if (isByTopic && message.topics && !message.topics.some(topics.has)) return
    emit('message', message)
  }

  /** While something carries: it goes on until a link with the new token does. */
  async function renewToken(): Promise<void> {
    if (credentials.isAsking() || !credentials.refused()) return
    try {
      use(await credentials.ask())
    } catch (error) {
      emit('error', new ConnectionError('token_failed', `getToken: ${error}`))
    }
  }

  /** `isDoubtful`: where it can't be told whose the token is, it counts as another user's. */
  function use(token: string | undefined, isDoubtful = false): void {
    if (credentials.set(token) ?? isDoubtful) forget()
    else if (state.name === 'connected') return ladder.renew()
    restart()
  }

  /** Another user has signed in: nothing of the last one may reach him, or go out in his name. */
  function forget(): void {
    topics.clear()
    clear('another user')
    ladder.forget()
    userId = undefined
    denied = []
    changed()
    emit('forgotten', undefined)
  }

  function restart(): void {
    const { name } = state
    const isRefused = name === 'failed' && lastError?.code === 'unauthorized'
    if (name === 'disconnected' || (name === 'failed' && !isRefused)) return
    ladder.close()
    dispatch({ type: 'reconnect' })
  }

  function clear(why: string): void {
    era += 1
    outbox?.clear(why)
  }

  async function loadOutbox(): Promise<Outbox> {
    const { createOutbox } = await loadOnDemand()
    outbox ??= createOutbox({
      options,
      environment,
      ladder,
      isOpen: () => state.name === 'connected',
      token: credentials.token,
      expired: () => {
        void renewToken()
        return options.getToken !== undefined
      },
    })
    return outbox
  }

  function changed(): void {
    const before = snapshot
    snapshot = describe()
    if (JSON.stringify(before) === JSON.stringify(snapshot)) snapshot = before
    else emit('status', snapshot)
  }

  function describe(): Snapshot {
    const { name } = state
    const underWay = ladder.cursor() ? 'reconnecting' : 'connecting'
    return {
      status: name === 'connecting' || name === 'waiting' ? underWay : name,
      isConnected: name === 'connected',
      transport: state.name === 'connected' ? state.transport : undefined,
      userId,
      topics: topics.names(),
      denied: denied.filter(topics.has),
      attempt: 'attempt' in state ? state.attempt : 0,
      error: lastError,
    }
  }

  return {
    options,
    on,

    get cursor() {
      return ladder.cursor()
    },

    getSnapshot: () => snapshot,
    getInitialSnapshot: () => initial,
    connect: () => dispatch({ type: 'connect' }),

    disconnect() {
      lastError = undefined
      dispatch({ type: 'disconnect' })
    },

    reconnect() {
      if (state.name === 'connected') ladder.replace()
      else if (state.name !== 'connecting') dispatch({ type: 'reconnect' })
    },

    async send(draft: Draft, { idempotencyKey }: { readonly idempotencyKey?: string } = {}) {
      // As it is now, and as who we are now: what follows may take a while.
      const json = JSON.stringify(draft)
      const before = era
      const loaded: Outbox = await loadOutbox()
      const isOver = era !== before || state.name === 'failed'
      if (isOver) throw new ConnectionError('not_sent', 'the connection was ended')
      const sent: Sent = await loaded.add(json, idempotencyKey)
      return sent
    },

    subscribe(added: readonly string[]) {
      checkTopics([...new Set([...topics.names(), ...added])])
      topics.add(added)
      changed()
    },

    unsubscribe(dropped: readonly string[]) {
      topics.remove(dropped)
      changed()
    },

    setAuthToken(token: string | undefined) {
      if (token === credentials.token() && state.name === 'connected') return
      credentials.expectRefusal()
      use(token, Boolean(credentials.token() || userId))
    },

    onMessage: <Type extends string = string>(
      handler: (message: MessageOf<Type>) => void,
      { type, topic }: MessageFilter<Type> = {},
    ) =>
      on('message', (message) => {
        if (type !== undefined && message.type !== type) return
        if (topic !== undefined && !message.topics?.includes(topic)) return
        handler(message as MessageOf<Type>)
      }),
  }
}
