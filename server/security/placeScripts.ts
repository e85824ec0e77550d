// What Redis does with the numbers of `RedisPlaces`: a hash for each user and address, a field for
// each node, and which nodes live.

import { CLOCK, EVEN_WHERE_FULL, LuaScript } from '../redis/LuaScript.js'

/** When each node was last heard of. */
export const NODES = 'places'

/** ARGV: the node, when nodes are forgotten in ms. Answers whether the node was not known. */
const LIVE = `
local isNew = redis.call('ZADD', KEYS[1], now, ARGV[1])
redis.call('PEXPIRE', KEYS[1], ARGV[2])
`
export const PULSES = new LuaScript(`${EVEN_WHERE_FULL}${CLOCK}
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now - ARGV[2])
${LIVE}
return isNew
`)

/**
 * KEYS: the nodes, then what is counted. ARGV: as above, believed for ms, kept for ms, the most of
 * each. Answers which of them is full (0: none), and whether the node was not known.
 */
export const ADMIT = new LuaScript(`${EVEN_WHERE_FULL}${CLOCK}
${LIVE}
local function count(key)
  local sum, fields = 0, redis.call('HGETALL', key)
  for i = 1, #fields, 2 do
    local livedAt = redis.call('ZSCORE', KEYS[1], fields[i])
    if not livedAt then redis.call('HDEL', key, fields[i])
    elseif tonumber(livedAt) > now - ARGV[3] then sum = sum + fields[i + 1] end
  end
  return sum
end
for i = 2, #KEYS do
  if count(KEYS[i]) >= tonumber(ARGV[i + 3]) then return {i - 1, isNew} end
end
for i = 2, #KEYS do
  redis.call('HINCRBY', KEYS[i], ARGV[1], 1)
  redis.call('PEXPIRE', KEYS[i], ARGV[4])
end
return {0, isNew}
`)

/**
 * KEYS: what is counted. ARGV: the node, kept for ms. Less than nothing is kept, too: what makes it
 * more may be on its way.
 */
export const RELEASE = new LuaScript(`${EVEN_WHERE_FULL}
for i = 1, #KEYS do
  if redis.call('HINCRBY', KEYS[i], ARGV[1], -1) == 0 then redis.call('HDEL', KEYS[i], ARGV[1]) end
  redis.call('PEXPIRE', KEYS[i], ARGV[2])
end
`)

/**
 * KEYS: the nodes, then what is counted. ARGV: as above, kept for ms, the node's former name, how
 * many it has of each.
 */
export const RENAME = new LuaScript(`${EVEN_WHERE_FULL}${CLOCK}
${LIVE}
for i = 2, #KEYS do
  redis.call('HDEL', KEYS[i], ARGV[4])
  local count = redis.call('HINCRBY', KEYS[i], ARGV[1], ARGV[i + 3])
  if count == 0 then redis.call('HDEL', KEYS[i], ARGV[1]) end
  redis.call('PEXPIRE', KEYS[i], ARGV[3])
end
`)
