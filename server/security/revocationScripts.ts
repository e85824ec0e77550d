// What Redis does with the revocations of `RedisValidity`: numbers them in the order in which they
// were told, and tells what came after a number.

import { CLOCK, EVEN_WHERE_FULL, LuaScript } from '../redis/LuaScript.js'

/** How many are read or told in one step. */
export const PAGE = 1000

/** In the order in which they were told (a number that only rises), and when each was revoked. */
export const KEYS = ['revocations', 'revocations:at']
/** Whether it is still what a node has read before: not so where Redis was emptied. */
const GENERATION = 'generation'

/**
 * KEYS: see there. ARGV: how long they are remembered in ms, most of them, a new generation's name,
 * then pairs of what and when. Answers the generation, and how many there was no room for. They are
 * small, and have to be kept even where Redis is full.
 */
export const TELL = new LuaScript(`${EVEN_WHERE_FULL}${CLOCK}
local life, most, refused = tonumber(ARGV[1]), tonumber(ARGV[2]), 0
local old = redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', (now - life) * 1000, 'LIMIT', 0, ${PAGE})
if #old > 0 then
  redis.call('ZREM', KEYS[1], unpack(old))
  redis.call('HDEL', KEYS[2], unpack(old))
end
redis.call('HSETNX', KEYS[2], '${GENERATION}', ARGV[3])
local newest = redis.call('ZRANGE', KEYS[1], -1, -1, 'WITHSCORES')
local number = math.max(now * 1000, tonumber(newest[2] or 0))
local count = redis.call('ZCARD', KEYS[1])
for i = 4, #ARGV, 2 do
  local known = redis.call('HGET', KEYS[2], ARGV[i])
  if not known and count >= most then
    refused = refused + 1
  elseif not known or tonumber(known) < tonumber(ARGV[i + 1]) then
    if not known then count = count + 1 end
    number = number + 1
    redis.call('ZADD', KEYS[1], number, ARGV[i])
    redis.call('HSET', KEYS[2], ARGV[i], ARGV[i + 1])
  end
end
for i = 1, 2 do redis.call('PEXPIRE', KEYS[i], life) end
return {redis.call('HGET', KEYS[2], '${GENERATION}'), refused}
`)

/** KEYS: see there. ARGV: the number after which. Answers the generation, then threes: what, its number, when. */
export const LOOK = new LuaScript(`
local found = redis.call('ZRANGEBYSCORE', KEYS[1], '(' .. ARGV[1], '+inf', 'WITHSCORES', 'LIMIT', 0, ${PAGE})
local answer = {redis.call('HGET', KEYS[2], '${GENERATION}') or ''}
for i = 1, #found, 2 do
  answer[#answer + 1] = found[i]
  answer[#answer + 1] = found[i + 1]
  answer[#answer + 1] = redis.call('HGET', KEYS[2], found[i]) or '0'
end
return answer
`)
