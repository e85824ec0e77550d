// What a connected client may ask for over its WebSocket: topics, sends, a new token.

import { topicOf } from '../../shared/audience.js'
import type { Since } from '../../shared/cursor.js'
import { SyncError } from '../../shared/errors.js'
import {
  type Command,
  type CommandFrame,
  commandFrameSchema,
  type Ref,
} from '../../shared/frames.js'
import { parseOrThrow, type ResyncReason } from '../../shared/message.js'
import type { Principal } from '../../shared/principal.js'
import { type Access, parseTopics, topicAudiences } from '../security/Access.js'
import type { Publisher } from '../security/Publisher.js'
import type { MessageQueueService } from '../services/MessageQueueService.js'
import { parseSinceOr } from './query.js'
import type { WebSocketConnection } from './WebSocketConnection.js'

/** Sends that may await their answer: from the first bound on the socket isn't read. */
const HOLD_AT_SENDS = 64
/** What was read before that may still come: a chunk holds many small frames. */
const MAX_OUTSTANDING_SENDS = 4096

export interface CommandContext {
  readonly log: MessageQueueService
  readonly access: Access
  readonly publisher: Publisher
  readonly maxTopics: number
  /** Waits for what is at `since`, where it may come; gives the `since` to read on from. */
  readonly reach: (since: Since) => Promise<Since> | undefined
}

/** The conversation that the commands are part of. */
interface Conversation {
  /** Who a token stands for. Throws `unauthorized`. */
  identifyAnew(token: string): Promise<Principal>
  sayError(error: unknown, ref: Ref): void
}

export class WebSocketCommands {
  readonly #context: CommandContext
  readonly #connection: WebSocketConnection
  readonly #conversation: Conversation
  #outstandingSends = 0

  constructor(
    context: CommandContext,
    connection: WebSocketConnection,
    conversation: Conversation,
  ) {
    this.#context = context
    this.#connection = connection
    this.#conversation = conversation
  }

  get #topics(): string[] {
    return [...this.#connection.reading.keys()].flatMap((key) => topicOf(key) ?? [])
  }

  /**
   * Runs one command and answers it. Where it returns a promise, the next command has to wait for
   * it. Throws a `SyncError` for a command that is used wrongly. `bytes`: of the whole frame.
   */
  run(frame: object, bytes: number): Promise<void> | undefined {
    const command: CommandFrame = parseOrThrow(commandFrameSchema, frame, 'invalid_request')
    switch (command.op) {
      case 'refresh':
        return this.#refresh(command)
      case 'subscribe':
        return this.#subscribe(command)
      case 'unsubscribe':
        this.#unsubscribe(command)
        return undefined
      case 'send':
        this.#send(command, bytes)
        return undefined
      case 'ping':
        this.#connection.say('ok', { ref: command.ref })
        return undefined
      default:
        return command satisfies never
    }
  }

  #subscribe({ topics, since, ref }: Command<'subscribe'>): Promise<void> | undefined {
    const context = this.#context
    const connection = this.#connection
    const asked = parseTopics(topics ?? null, context.maxTopics)
    const start = since === undefined ? undefined : parseSinceOr({ kind: 'now' }, since)
    parseTopics([...this.#topics, ...asked], context.maxTopics)
    context.access.grantAll(connection.principal, asked)

    const answer = (cursor: string, reason?: ResyncReason) => {
      connection.say('ok', { ref, cursor, resync: reason !== undefined, reason, topics: asked })
    }
    if (start === undefined) {
      const position = connection.addAudiences(topicAudiences(asked))
      if (ref !== undefined) answer(context.log.cursorAt(position))
      return undefined
    }
    // Answered without a `ref` too: a gap is never silent.
    const add = (from: Since) => {
      connection.addAudiencesSince(topicAudiences(asked), from, answer)
    }
    const reached = context.reach(start)
    if (reached === undefined) {
      add(start)
      return undefined
    }
    return reached.then((from) => {
      // It may have ended meanwhile; nobody would take it from the hub again.
      if (connection.isOpen) add(from)
    })
  }

  #unsubscribe({ topics, ref }: Command<'unsubscribe'>): void {
    const connection = this.#connection
    const asked = parseTopics(topics ?? null, this.#context.maxTopics)
    connection.removeAudiences(topicAudiences(asked))
    if (ref !== undefined) connection.say('ok', { ref })
  }

  #send({ message, ref }: Command<'send'>, bytes: number): void {
    const connection = this.#connection
    if (this.#outstandingSends >= MAX_OUTSTANDING_SENDS) {
      throw new SyncError('unavailable', 'too many sends await their answer; wait for some')
    }
    this.#outstandingSends += 1
    if (this.#outstandingSends >= HOLD_AT_SENDS) connection.hold('busy')
    this.#context.publisher
      .sendKeyed(connection.principal, message, { bytes, paidUnits: 0 })
      .then(({ messageId, cursor, timestamp, isDuplicate }) => {
        if (ref === undefined) return
        connection.say('ok', { ref, messageId, cursor, timestamp, duplicate: isDuplicate })
      })
      .catch((error: unknown) => this.#conversation.sayError(error, ref))
      .finally(() => {
        this.#outstandingSends -= 1
        if (this.#outstandingSends < HOLD_AT_SENDS) connection.letGo('busy')
      })
  }

  async #refresh({ token, ref }: Command<'refresh'>): Promise<void> {
    const connection = this.#connection
    const principal = await this.#conversation.identifyAnew(token)
    if (principal.userId !== connection.principal.userId) {
      throw new SyncError('unauthorized', 'token: is of another user; open a new connection for it')
    }
    if (!connection.isOpen) return
    const { audiences, denied } = this.#context.access.grant(principal, this.#topics)
    connection.become(principal, audiences)
    if (ref !== undefined) connection.say('ok', { ref, dropped: denied })
  }
}
