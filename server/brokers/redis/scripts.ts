// What Redis does in one step each. All of them look at Redis's own clock; none is carried out in
// part.
//
//   log    the stream. Fields of an entry: m (what it is), p (its payload), v (the entry before it,
//          so that a loss shows), b (its cost), a (whose append it is), c (asks who is reached)
//   meta   epoch · start · trimmed (the last entry that was let go of) · bytes · runId
//   keys   one member per message id that an idempotency key remembers, by when it is forgotten

import { CLOCK, EVEN_WHERE_FULL, LuaScript } from '../../redis/LuaScript.js'

/** The last id that the stream has given, or false where there is no stream. */
const LAST_ID = `
local function lastId(log)
  local info = redis.pcall('XINFO', 'STREAM', log)
  if info.err then return false end
  for i = 1, #info, 2 do
    if info[i] == 'last-generated-id' then return info[i + 1] end
  end
end
`

/** Lets go of what is too old or too much, at most so many entries: looking at one costs its size. */
const TRIM = `
local function trim(log, meta, ttlMs, maxBytes, atMost)
  local bytes = tonumber(redis.call('HGET', meta, 'bytes') or '0')
  local gone = {}
  for _, entry in ipairs(redis.call('XRANGE', log, '-', '+', 'COUNT', atMost)) do
    local id, fields, cost = entry[1], entry[2], 0
    if tonumber(string.match(id, '^%d+')) > now - ttlMs and bytes <= maxBytes then break end
    for i = 1, #fields, 2 do
      if fields[i] == 'b' then cost = tonumber(fields[i + 1]) or 0 end
    end
    bytes = bytes - cost
    gone[#gone + 1] = id
  end
  if #gone == 0 then return 0 end
  redis.call('XDEL', log, unpack(gone))
  redis.call('HSET', meta, 'trimmed', gone[#gone], 'bytes', text(math.max(0, bytes)))
  return #gone
end
`

/**
 * KEYS: log, meta, keys, then one for each idempotency key.
 * ARGV: epoch, deadline, ttlMs, maxBytes, keyTtlMs, maxKeys, keepMs, publications, then for each of
 * these: which key (0: none), fingerprint, ids, how many ids, how many items, then for each of these
 * m, p, b, a, c.
 * Answers `[outcome, now]`, where it is `ok` with `[isDuplicate, ids, last id]` per publication.
 */
export const APPEND = new LuaScript(
  `${CLOCK}${LAST_ID}${TRIM}
local log, meta, keys = KEYS[1], KEYS[2], KEYS[3]
if now > tonumber(ARGV[2]) then return { 'late', text(now) } end
if redis.call('HGET', meta, 'epoch') ~= ARGV[1] then return { 'epoch', text(now) } end
local previous = lastId(log)
if not previous then return { 'epoch', text(now) } end

local publications, at, cost, items = {}, 9, 0, 0
local fingerprints, known = {}, {}
for i = 1, tonumber(ARGV[8]) do
  local p = { key = tonumber(ARGV[at]), fingerprint = ARGV[at + 1], ids = ARGV[at + 2],
    idCount = tonumber(ARGV[at + 3]), count = tonumber(ARGV[at + 4]), first = at + 5 }
  at = p.first + p.count * 5
  items = items + p.count
  publications[i] = p
  if p.key > 0 then
    local earlier = fingerprints[p.key]
    if earlier then
      if earlier ~= p.fingerprint then return { 'conflict', text(now) } end
    else
      fingerprints[p.key] = p.fingerprint
      local found = redis.call('HMGET', KEYS[3 + p.key], 'f', 'ids', 'at')
      if not found[1] then
        cost = cost + p.idCount
      elseif found[1] ~= p.fingerprint then
        return { 'conflict', text(now) }
      else
        known[p.key] = { 1, found[2], found[3] }
      end
    end
  end
end
local keyTtlMs, keepMs = tonumber(ARGV[5]), tonumber(ARGV[7])
if cost > 0 then
  redis.call('ZREMRANGEBYSCORE', keys, '-inf', text(now))
  if redis.call('ZCARD', keys) + cost > tonumber(ARGV[6]) then
    local oldest = redis.call('ZRANGE', keys, 0, 0, 'WITHSCORES')
    return { 'full', text(now), oldest[2] or text(now) }
  end
end

local bytes, receipts = 0, {}
for i, p in ipairs(publications) do
  local receipt = known[p.key]
  if not receipt then
    for j = 0, p.count - 1 do
      local f = p.first + j * 5
      previous = redis.call('XADD', log, '*', 'v', previous, 'm', ARGV[f], 'p', ARGV[f + 1],
        'b', ARGV[f + 2], 'a', ARGV[f + 3], 'c', ARGV[f + 4])
      bytes = bytes + tonumber(ARGV[f + 2])
    end
    receipt = { 0, p.ids, previous }
    if p.key > 0 then
      local key = KEYS[3 + p.key]
      known[p.key] = { 1, p.ids, previous }
      redis.call('HSET', key, 'f', p.fingerprint, 'ids', p.ids, 'at', previous)
      redis.call('PEXPIRE', key, keyTtlMs)
      for n = 1, p.idCount do redis.call('ZADD', keys, text(now + keyTtlMs), key .. '#' .. n) end
      redis.call('PEXPIRE', keys, keyTtlMs)
    end
  end
  receipts[i] = receipt
end
redis.call('HINCRBY', meta, 'bytes', text(bytes))
trim(log, meta, tonumber(ARGV[3]), tonumber(ARGV[4]), items + 1)
redis.call('PEXPIRE', log, keepMs)
redis.call('PEXPIRE', meta, keepMs)
return { 'ok', text(now), receipts }
`,
  { isInOrder: true },
)

/**
 * KEYS: log, meta, beats, nodes. ARGV: node, epoch, keepMs, aliveMs, runId.
 * Answers `[now, epoch, last id, nodes that are alive]`. A full Redis takes it all the same.
 */
export const BEAT = new LuaScript(`${EVEN_WHERE_FULL}
${CLOCK}${LAST_ID}
local log, meta, beats, nodes = KEYS[1], KEYS[2], KEYS[3], KEYS[4]
redis.call('XADD', beats, 'MAXLEN', '100', '*', 'n', ARGV[1], 'r', ARGV[5], 'b', ARGV[6])
redis.call('ZREMRANGEBYSCORE', nodes, '-inf', text(now - tonumber(ARGV[4])))
redis.call('PEXPIRE', beats, ARGV[3])
redis.call('PEXPIRE', nodes, ARGV[3])
local epoch = redis.call('HGET', meta, 'epoch') or ''
if ARGV[2] ~= '' and epoch == ARGV[2] then
  redis.call('ZADD', nodes, text(now), ARGV[1])
  redis.call('HSET', meta, 'runId', ARGV[5])
  redis.call('PEXPIRE', log, ARGV[3])
  redis.call('PEXPIRE', meta, ARGV[3])
end
return { text(now), epoch, lastId(log) or '', redis.call('ZRANGE', nodes, 0, -1) }
`)

/** KEYS: log, meta. ARGV: ttlMs, maxBytes, how many at most. Answers how many it let go of. */
export const TRIM_LOG = new LuaScript(`${EVEN_WHERE_FULL}
${CLOCK}${TRIM}
return trim(KEYS[1], KEYS[2], tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3]))
`)

/**
 * KEYS: beats, nodes. ARGV: node. It goes, in order: the others need not fear for what it served.
 */
export const LEAVE = new LuaScript(`
redis.call('ZREM', KEYS[2], ARGV[1])
redis.call('XADD', KEYS[1], 'NOMKSTREAM', 'MAXLEN', '100', '*', 'n', ARGV[1], 'x', '1')
`)

/**
 * KEYS: log, meta, beats, nodes. ARGV: the id that was applied last, or '', aliveMs. Answers
 * `[now, epoch, start, trimmed, runId, last id, field a of the entry with that id, nodes, last beat]`.
 */
export const LOOK = new LuaScript(`${CLOCK}${LAST_ID}
local log, meta, beats, nodes = KEYS[1], KEYS[2], KEYS[3], KEYS[4]
local facts = redis.call('HMGET', meta, 'epoch', 'start', 'trimmed', 'runId')
local mark = false
if ARGV[1] ~= '' then
  local entry = redis.call('XRANGE', log, ARGV[1], ARGV[1])[1]
  if entry then
    mark = ''
    for i = 1, #entry[2], 2 do
      if entry[2][i] == 'a' then mark = entry[2][i + 1] end
    end
  end
end
local alive = redis.call('ZRANGEBYSCORE', nodes, text(now - tonumber(ARGV[2])), '+inf')
return { text(now), facts[1] or '', facts[2] or '0-0', facts[3] or '0-0', facts[4] or '',
  lastId(log) or '', mark, alive, lastId(beats) or '0-0' }
`)

/**
 * KEYS: log, meta. ARGV: the epoch that ends, or '', the new one, keepMs, runId. What is retained
 * stays, and belongs to the new epoch. Does nothing where another node was faster.
 */
export const BEGIN = new LuaScript(`${CLOCK}${LAST_ID}
local log, meta = KEYS[1], KEYS[2]
local epoch = redis.call('HGET', meta, 'epoch') or ''
if epoch ~= ARGV[1] then return 0 end
local last = lastId(log)
if not last or last == '0-0' then
  last = text(now) .. '-0'
  redis.call('XADD', log, last, 'e', ARGV[2])
  redis.call('XDEL', log, last)
end
local start = last
local first = redis.call('XRANGE', log, '-', '+', 'COUNT', '1')[1]
if first then
  start = redis.call('HGET', meta, 'trimmed') or '0-0'
  if start == '0-0' then start = text(tonumber(string.match(first[1], '^%d+')) - 1) .. '-0' end
else
  redis.call('HSET', meta, 'bytes', '0')
end
redis.call('HSET', meta, 'epoch', ARGV[2], 'start', start, 'runId', ARGV[4])
redis.call('PEXPIRE', log, ARGV[3])
redis.call('PEXPIRE', meta, ARGV[3])
return 1
`)
