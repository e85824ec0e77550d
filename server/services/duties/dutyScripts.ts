// What Redis does with duties: a hash for each, with who holds it (h), until when (u), the number of
// the term (t), and the notes of all terms (their names begin with n:).

import { CLOCK, EVEN_WHERE_FULL, LuaScript, NOT_WHERE_FULL } from '../../redis/LuaScript.js'

/**
 * KEYS: duties. ARGV: node, how long a term lasts in ms, how long notes are kept in ms. Extends this
 * node's terms, and takes what nobody holds, which is also what is held for longer than a term
 * lasts: then Redis's clock was set back. Answers the number of its term for each, 0: another's.
 */
export const HOLD = new LuaScript(`${EVEN_WHERE_FULL}${CLOCK}
local terms = {}
for i, key in ipairs(KEYS) do
  local held = redis.call('HMGET', key, 'h', 'u', 't')
  local term = tonumber(held[3] or '0')
  local left = tonumber(held[2] or '0') - now
  if held[1] and held[1] ~= ARGV[1] and left > 0 and left <= tonumber(ARGV[2]) then
    terms[i] = 0
  else
    if held[1] ~= ARGV[1] then term = redis.call('HINCRBY', key, 't', 1) end
    redis.call('HSET', key, 'h', ARGV[1], 'u', text(now + tonumber(ARGV[2])))
    redis.call('PEXPIRE', key, ARGV[3])
    terms[i] = term
  end
end
return terms
`)

/**
 * KEYS: a duty. ARGV: node, term, how long notes are kept in ms, then names and values. Answers whether
 * it is still this node's term: otherwise nothing was noted.
 */
export const NOTE = new LuaScript(`${NOT_WHERE_FULL}
local held = redis.call('HMGET', KEYS[1], 'h', 't')
if held[1] ~= ARGV[1] or held[2] ~= ARGV[2] then return 0 end
redis.call('HSET', KEYS[1], unpack(ARGV, 4))
redis.call('PEXPIRE', KEYS[1], ARGV[3])
return 1
`)

/** KEYS: duties. ARGV: node. What it holds is free at once. */
export const RESIGN = new LuaScript(`${EVEN_WHERE_FULL}
for _, key in ipairs(KEYS) do
  if redis.call('HGET', key, 'h') == ARGV[1] then redis.call('HDEL', key, 'h', 'u') end
end
`)
