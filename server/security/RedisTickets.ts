// Tickets that any node gives out and any other takes, in Redis: under a hash of each, its principal
// sealed with the ticket itself, so that who reads Redis learns nothing that opens or tells.

import { createCipheriv, createDecipheriv, createHash } from 'node:crypto'
import { SyncError } from '../../shared/errors.js'
import { type Principal, principalKey, principalSchema } from '../../shared/principal.js'
import { CLOCK, LuaScript, NOT_WHERE_FULL } from '../redis/LuaScript.js'
import type { RedisConnections } from '../redis/RedisConnections.js'
import type { RedisScripts } from '../redis/RedisScripts.js'
import { digestOf } from './digest.js'
import {
  looksLikeTicket,
  MAX_TICKETS,
  MAX_TICKETS_PER_PRINCIPAL,
  newTicket,
  noMoreTickets,
  TICKET_TTL_MS,
  type Ticket,
  type Tickets,
  ticketHash,
  tooManyTickets,
  unknownTicket,
} from './Tickets.js'

/**
 * KEYS: the ticket, the hashes of all that wait, those of its principal's. ARGV: the ticket's hash,
 * what it stands for, its life in ms, most in all, most of a principal. Answers what there were too
 * many of.
 */
const ISSUE = new LuaScript(`${NOT_WHERE_FULL}${CLOCK}
local life = tonumber(ARGV[3])
for i = 2, 3 do redis.call('ZREMRANGEBYSCORE', KEYS[i], '-inf', now) end
if redis.call('ZCARD', KEYS[3]) >= tonumber(ARGV[5]) then return 'own' end
if redis.call('ZCARD', KEYS[2]) >= tonumber(ARGV[4]) then return 'all' end
redis.call('SET', KEYS[1], ARGV[2], 'PX', life)
for i = 2, 3 do
  redis.call('ZADD', KEYS[i], now + life, ARGV[1])
  redis.call('PEXPIRE', KEYS[i], life)
end
return ''
`)

const ALL_WAITING = 'tickets'
const waitingOf = (principal: Principal) => `tickets:of:${digestOf(principalKey(principal))}`

interface RedisTicketsOptions {
  readonly redis: RedisConnections
  readonly scripts: RedisScripts
  /** Unix milliseconds. */
  readonly wallNow: () => number
}

export class RedisTickets implements Tickets {
  readonly #options: RedisTicketsOptions

  constructor(options: RedisTicketsOptions) {
    this.#options = options
  }

  async issue(principal: Principal): Promise<Ticket> {
    const ticket = newTicket(principal, this.#options.wallNow())
    const hash = ticketHash(ticket.ticket)
    const keys = [`ticket:${hash}`, ALL_WAITING, waitingOf(principal)]
    const bounds = [TICKET_TTL_MS, MAX_TICKETS, MAX_TICKETS_PER_PRINCIPAL]
    const args = [hash, seal(ticket.ticket, principal), ...bounds]
    const full = await this.#options.scripts.run(ISSUE, keys, args).catch(noAnswer)
    if (full === 'own') throw tooManyTickets()
    if (full === 'all') throw noMoreTickets()
    return ticket
  }

  async take(ticket: string): Promise<Principal> {
    if (!looksLikeTicket(ticket)) throw unknownTicket(ticket)
    const { redis } = this.#options
    const hash = ticketHash(ticket)
    const sealed = await redis.commands.getdel(redis.key(`ticket:${hash}`)).catch(noAnswer)
    if (sealed === null) throw unknownTicket(ticket)
    const principal = unseal(ticket, sealed)
    this.#makeRoom(principal, hash)
    return principal
  }

  /** Where that fails, the room is made when the ticket would have ended. */
  #makeRoom(principal: Principal, hash: string): void {
    const { redis } = this.#options
    for (const waiting of [ALL_WAITING, waitingOf(principal)]) {
      redis.commands.zrem(redis.key(waiting), hash).catch(() => {})
    }
  }
}

function noAnswer(): never {
  throw new SyncError('unavailable', 'tickets are kept in Redis, which gives no answer; try again')
}

const CIPHER = 'aes-256-gcm'
const TAG_BYTES = 16
/** A key is used once: each ticket has its own. */
const IV = Buffer.alloc(12)
const keyOf = (ticket: string) => createHash('sha256').update(`seal\n${ticket}`).digest()

function seal(ticket: string, principal: Principal): string {
  const cipher = createCipheriv(CIPHER, keyOf(ticket), IV)
  const text = Buffer.concat([cipher.update(JSON.stringify(principal)), cipher.final()])
  return Buffer.concat([cipher.getAuthTag(), text]).toString('base64')
}

function unseal(ticket: string, sealed: string): Principal {
  const bytes = Buffer.from(sealed, 'base64')
  const decipher = createDecipheriv(CIPHER, keyOf(ticket), IV)
  decipher.setAuthTag(bytes.subarray(0, TAG_BYTES))
  const text = Buffer.concat([decipher.update(bytes.subarray(TAG_BYTES)), decipher.final()])
  return principalSchema.parse(JSON.parse(text.toString()))
}
