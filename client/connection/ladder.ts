// The transports as one: the first that delivers carries, and a better one is tried for from then
// on. A new link is opened and handed the position before the old one is closed, up the ladder and
// down. Success is a delivered `connected`, never an open socket.
//
//          0 ms           500 ms       1,500 ms     when long-poll fails, or the tab is hidden
//       websocket ─────► sse ───────► long-poll ──► poll
//           ▲              │              │           │
//           └──────────────┴──────────────┴───────────┘   back up, ever less often

import type { Message, ResyncReason } from '../../shared/message.js'
import { createBreaker } from './breaker.js'
import type { Closure } from './closures.js'
import type { Environment } from './environment.js'
import type { AnswerFrame, ConnectedFrame, Frame } from './frames.js'
import type { ResolvedOptions } from './options.js'
import { forkOf, type Position, remember } from './position.js'
import { createRungs, type Rung } from './rungs.js'
import type { Link, LinkEvent, Reading, Transport, TransportName } from './transport.js'

/** How long a transport has before the next one starts beside it. */
const HEAD_START_MS: { readonly [Name in TransportName]?: number } = { websocket: 500, sse: 1000 }
/** A link that ends sooner than this after its first word was not worth having. */
const STEADY_MS = 1000
const REPLACE_AGAIN_MS = 3000
export interface LadderListener {
  /** A link carries: what it said first, and by which transport it came. */
  carried(frame: ConnectedFrame, transport: TransportName): void
  /** Something came over the link that carries. */
  heard(): void
  message(message: Message): void
  resync(reason: ResyncReason): void
  answered(frame: AnswerFrame): void
  /** A fresh token is needed; the link that carries goes on meanwhile. */
  expired(): void
  /** Nothing carries and nothing is tried any more. `isSteady`: one did, and for a while. */
  ended(closure: Closure, isSteady: boolean | undefined): void
}

export interface LadderParts {
  /** Best first. */
  readonly transports: readonly Transport[]
  readonly environment: Environment
  readonly options: Pick<ResolvedOptions, 'since' | 'connectionTimeout'>
  /** What to read and as whom, at the time of asking. */
  readonly reading: () => Omit<Reading, 'since'>
  readonly listener: LadderListener
}

/** A link that is being opened, or carries. */
interface Attempt {
  readonly rung: Rung
  position: Position
  link?: Link
  /** What it was opened to read. */
  topics: readonly string[]
  /** It was opened for something that no longer holds: when it delivers, it is opened anew. */
  isStale: boolean
  cancelTimer: () => void
  carriesSince?: number
  /** When the server, going away, asked to come back. */
  comeBackAt?: number
  /** The largest frame that the server takes. */
  maxBytes?: number | undefined
}

export type Ladder = ReturnType<typeof createLadder>

export function createLadder(parts: LadderParts) {
  const { transports, environment, options, reading, listener } = parts
  const { now, after } = environment
  const breaker = createBreaker(now)
  const { rungs, permitted, isDue, strike } = createRungs(transports, environment)
  const trying = new Map<Rung, Attempt>()
  let { since } = options
  let queue: readonly Rung[] = []
  let carrier: Attempt | undefined
  /** Where the last link ended. */
  let kept = forkOf()
  /** While topics wait to be read: where a new link would have to read on from. */
  let rewind: Position | undefined
  let unconfirmed = 0
  let isReplacing = false
  let owedResync: ResyncReason | undefined
  let worst: Closure | undefined
  let cancelHeadStart = () => {}
  let cancelReturn = () => {}

  const isBetter = ({ place }: Rung) => !carrier || place < carrier.rung.place
  const base = () => rewind ?? carrier?.position ?? kept
  const better = () => permitted().filter(isBetter)

  function makeStale(): void {
    for (const attempt of trying.values()) attempt.isStale = true
  }

  function climb(some: readonly Rung[]): void {
    cancelReturn()
    queue = some.filter((rung) => !trying.has(rung))
    startNext()
  }

  function startNext(): void {
    cancelHeadStart()
    const [first, ...rest] = queue
    if (!first) return settle()
    queue = rest
    const headStartMs = HEAD_START_MS[first.transport.name]
    if (rest.length > 0 && headStartMs) cancelHeadStart = after(headStartMs, startNext)
    start(first)
  }

  function start(rung: Rung): void {
    const cancelTimer = after(breaker.take(), () => {
      attempt.cancelTimer = after(options.connectionTimeout, () =>
        failed(attempt, { kind: 'unusable', why: 'no answer in time' }),
      )
      // The world may have moved on while it waited.
      attempt.position = forkOf(base())
      attempt.isStale = false
      const { topics, token } = reading()
      attempt.topics = topics
      const asked = { since: attempt.position.cursor ?? since, topics, token }
      attempt.link = rung.transport.open(asked, (event) => hear(attempt, event))
    })
    const position = forkOf(base())
    const attempt: Attempt = { rung, position, topics: [], isStale: false, cancelTimer }
    trying.set(rung, attempt)
  }

  function end(attempt: Attempt): void {
    if (trying.get(attempt.rung) === attempt) trying.delete(attempt.rung)
    attempt.cancelTimer()
    if (attempt.link) attempt.link.close()
    else breaker.giveBack()
  }

  function callOff(some: readonly Rung[]): void {
    queue = queue.filter((rung) => !some.includes(rung))
    if (queue.length === 0) cancelHeadStart()
    for (const attempt of trying.values()) if (some.includes(attempt.rung)) end(attempt)
  }

  function failed(attempt: Attempt, closure: Closure): void {
    end(attempt)
    const { kind } = closure
    if (!carrier) {
      if (kind !== 'lost' && kind !== 'unusable') return giveUp(closure)
      if (closure.retryAfterMs || !worst?.retryAfterMs) worst = closure
    } else {
      if (isBetter(attempt.rung)) strike(attempt.rung, closure.retryAfterMs)
      if (kind === 'expired') listener.expired()
    }
    startNext()
  }

  function hear(attempt: Attempt, event: LinkEvent): void {
    if (event.op === undefined) {
      if (attempt === carrier) lost(event.closure)
      else failed(attempt, event.closure)
    } else if (attempt !== carrier) {
      if (event.op === 'connected') take(attempt, event)
    } else {
      listener.heard()
      carry(attempt, event)
    }
  }

  function carry(attempt: Attempt, event: Frame): void {
    const { position } = attempt
    switch (event.op) {
      case 'message':
        return deliver(position, event.message, event.catchup === true)
      case 'heartbeat':
        position.cursor = event.cursor
        return
      case 'resync':
        position.cursor = event.cursor ?? position.cursor
        return tellResync(event.reason)
      case 'drain':
        // Reads on until the server closes, and is elsewhere by then where that is possible.
        attempt.comeBackAt = now() + event.reconnectAfter
        attempt.cancelTimer()
        attempt.cancelTimer = after(event.reconnectAfter, replace)
        return
      case 'ok':
      case 'error':
        return answered(event)
      case 'connected':
      case 'closed':
        return
      default:
        return event satisfies never
    }
  }

  function deliver(position: Position, message: Message, isCatchup: boolean): void {
    // A server that says the same again and again gets nowhere.
    const isHere = !isCatchup && message.cursor === position.cursor
    const isKnown = position.repeats.delete(message.id) || isHere
    if (!isCatchup) position.cursor = message.cursor
    if (isKnown) return
    // It may lie beyond the position: a link that reads on from there would bring it again.
    if (isCatchup) remember(position, message.id)
    for (const attempt of trying.values()) remember(attempt.position, message.id)
    if (rewind !== undefined) remember(rewind, message.id)
    listener.message(message)
  }

  /** Links opened before would tell of it again: they are opened anew. */
  function tellResync(reason: ResyncReason): void {
    makeStale()
    listener.resync(reason)
  }

  function answered(frame: AnswerFrame): void {
    if (frame.ref !== 'topics') return listener.answered(frame)
    // One of them may be denied: a new link is told which, and reads the others.
    if (frame.op === 'error') return renew()
    unconfirmed -= 1
    if (unconfirmed === 0) rewind = undefined
    if (frame.resync && frame.reason) tellResync(frame.reason)
  }

  function take(attempt: Attempt, frame: ConnectedFrame): void {
    const { rung, position } = attempt
    const isWanted = isReplacing || isBetter(rung)
    // It began at a `now` of its own, and by now it is known where to read on from.
    const isElsewhere = position.cursor === undefined && base().cursor !== undefined
    if (!isWanted || attempt.isStale || isElsewhere) {
      end(attempt)
      return isWanted ? start(rung) : startNext()
    }
    trying.delete(rung)
    attempt.cancelTimer()
    if (carrier) end(carrier)
    carrier = attempt
    // What is better and has not delivered by now is left alone for a while.
    for (const each of better()) if (isDue(each)) strike(each)
    attempt.carriesSince = now()
    attempt.maxBytes = frame.maxPayload
    isReplacing = false
    forgetTopics()
    callOff(rungs.slice(rung.place))
    position.cursor = frame.cursor ?? position.cursor
    listener.carried(frame, rung.transport.name)
    const reason = frame.resync ? frame.reason : owedResync
    if (reason && carrier === attempt) {
      owedResync = undefined
      tellResync(reason)
    }
    if (carrier !== attempt) return
    const { topics } = reading()
    // Changed since it was opened, while nothing else carried.
    addTopics(topics.filter((topic) => !attempt.topics.includes(topic)))
    dropTopics(attempt.topics.filter((topic) => !topics.includes(topic)))
    startNext()
  }

  function lost(closure: Closure): void {
    if (!carrier) return
    const { rung, carriesSince = 0, comeBackAt = 0 } = carrier
    const isSteady = now() - carriesSince >= STEADY_MS
    const isFaulty = closure.kind === 'unusable' || (closure.kind === 'lost' && !isSteady)
    if (isFaulty) strike(rung)
    else rung.strikes = 0
    const retryAfterMs = comeBackAt - now()
    giveUp(retryAfterMs > 0 ? { ...closure, retryAfterMs } : closure, isSteady)
  }

  function giveUp(closure: Closure, isSteady?: boolean): void {
    close()
    if (closure.kind === 'badCursor') {
      // The server never knew it, so there is a gap: it is told as soon as a link is back.
      kept = forkOf()
      since = 'now'
      owedResync = 'epoch'
    }
    listener.ended(closure, isSteady)
  }

  /** Nothing is left to start: either nothing carries, or something better is tried for later. */
  function settle(): void {
    if (trying.size > 0) return
    if (!carrier) return giveUp(worst ?? { kind: 'lost', why: 'no transport' })
    const waits = better().map(({ until }) => until - now())
    if (isReplacing) waits.push(REPLACE_AGAIN_MS)
    cancelReturn()
    if (waits.length === 0) return
    cancelReturn = after(Math.min(...waits), () => {
      if (isReplacing) replace()
      else climb(better().filter(isDue))
    })
  }

  function replace(): void {
    if (!carrier) return
    isReplacing = true
    climb([...better().filter(isDue), stead(carrier)])
  }

  /** The lowest rung to settle for: where it stands, unless a hidden tab should leave that. */
  function stead({ rung }: Attempt): Rung {
    return (permitted().includes(rung) ? rung : permitted().at(-1)) ?? rung
  }

  function renew(): void {
    makeStale()
    replace()
  }

  /** Reads these topics, too, from here on and without a gap. */
  function addTopics(topics: readonly string[]): void {
    if (topics.length === 0) return
    // Also while nothing carries: a page that was read without them may lead past their messages.
    makeStale()
    if (!carrier) return
    rewind ??= forkOf(carrier.position)
    if (!carrier.link?.say) return replace()
    unconfirmed += 1
    carrier.link.say({ op: 'subscribe', topics, since: carrier.position.cursor, ref: 'topics' })
  }

  function dropTopics(topics: readonly string[]): void {
    if (!carrier || topics.length === 0) return
    makeStale()
    carrier.link?.say?.({ op: 'unsubscribe', topics })
  }

  function forgetTopics(): void {
    rewind = undefined
    unconfirmed = 0
  }

  function close(): void {
    kept = base()
    forgetTopics()
    isReplacing = false
    cancelReturn()
    callOff(rungs)
    if (carrier) end(carrier)
    carrier = undefined
  }

  return {
    /** What to hand back in order to read on: everything up to it was delivered. */
    cursor: () => base().cursor,

    /** Starts from where the last link ended. */
    open(): void {
      worst = undefined
      const due = permitted().filter(isDue)
      climb(due.length > 0 ? due : permitted())
    },

    /** Ends all links; the position is kept. */
    close,

    /** Ends all links; the next one starts as a new client's would. */
    forget(): void {
      close()
      kept = forkOf()
      owedResync = undefined
    },

    /** Puts a new link in the place of the one that carries, which goes on until then. */
    replace,

    /** The same, where what is read, or as whom, has changed. */
    renew,

    /** The link that carries says nothing any more. */
    abandon(): void {
      lost({ kind: 'unusable', why: 'silent' })
    },

    /**
     * The network or the page has changed: a better transport is tried at once; another link in the
     * place of one that can't be asked whether it is alive; interval polling in a hidden tab.
     */
    retry(isDoubtful: boolean): void {
      for (const rung of rungs) rung.until = 0
      if (!carrier) return
      callOff(rungs.slice(carrier.rung.place + 1))
      if (isDoubtful || isReplacing || stead(carrier) !== carrier.rung) replace()
      else climb(better())
    },

    /** The largest frame that can be said; `undefined` where the link has no way up. */
    maxBytes: () => (carrier?.link?.say ? carrier.maxBytes : undefined),
    say: (frame: object): void => carrier?.link?.say?.(frame),

    addTopics,
    dropTopics,
  }
}
