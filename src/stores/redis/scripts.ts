import type { Result } from 'ioredis';

/**
 * Budgets: a hash each (`s` spent, `h` held), a hash a reservation (what it holds by key, or only `settled`), and the
 * leases as a sorted set by their end. All share one hash tag and thereby one node of a Cluster, because a call draws on
 * several at once. Numbers are written with %.0f: Lua's own way rounds from 15 digits on. Up to 256 leases that are over
 * are given back a step.
 */
const RETURN_LAPSED = `
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local function giveBack(reservation)
  local holds = redis.call('HGETALL', reservation)
  for at = 1, #holds, 2 do
    if holds[at + 1] ~= '0' and holds[at] ~= 'settled' and redis.call('EXISTS', holds[at]) == 1 then
      local held = redis.call('HINCRBY', holds[at], 'h', '-' .. holds[at + 1])
      if held < 0 then redis.call('HSET', holds[at], 'h', '0') end
    end
  end
  redis.call('DEL', reservation)
end
local function returnLapsed()
  local lapsed = redis.call('ZRANGE', KEYS[1], '-inf', now, 'BYSCORE', 'LIMIT', 0, 256)
  for _, reservation in ipairs(lapsed) do
    giveBack(reservation)
    redis.call('ZREM', KEYS[1], reservation)
  end
  return #lapsed
end
local function state(key)
  local both = redis.call('HMGET', key, 's', 'h')
  return both[1] or '0', both[2] or '0'
end
`;

/** Of a document that is written or gone: counts it, and keeps the last thousand ids with their numbers. */
const NOTE_WRITE = `redis.call('LPUSH', KEYS[4], string.format('%.0f', redis.call('INCR', KEYS[3])) .. ' ' .. ARGV[1])
redis.call('LTRIM', KEYS[4], 0, 999)`;

/**
 * One script an operation, so that each is atomic and costs one round trip. ioredis sends them by hash, and whole where
 * the server does not know them (after a restart or SCRIPT FLUSH). Redis 7.0, no modules.
 */
export const scripts = {
  /** key; by, windowMs → [value, resetMs]. A counter is a string that expires. */
  hypercareAdd: {
    numberOfKeys: 1,
    lua: `
local by, window = tonumber(ARGV[1]), tonumber(ARGV[2])
local left = redis.call('PTTL', KEYS[1])
if left == -2 or left == 0 then
  if by <= 0 then return {0, window} end
  redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
  return {by, window}
end
if left == -1 or left > window then
  redis.call('PEXPIRE', KEYS[1], ARGV[2])
  left = window
end
local value = redis.call('INCRBY', KEYS[1], ARGV[1])
if value < 0 then
  redis.call('SET', KEYS[1], '0', 'KEEPTTL')
  value = 0
end
return {value, left}`,
  },

  /**
   * a key a limit; cost, then algorithm, limit, windowMs, burst a limit → remaining, resetMs, waitMs a limit. The same
   * as `stores/limits` does in the process; on Redis' clock, which all replicas share. A fixed window is a string, a
   * sliding one a hash of slice → count, a bucket a hash of level and time; each expires when nothing of it counts.
   */
  hypercareTake: {
    lua: `
local time = redis.call('TIME')
local now = tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)
local cost = tonumber(ARGV[1])
local passes, answer, applies = true, {}, {}
for i, key in ipairs(KEYS) do
  local algorithm, limit = ARGV[4 * i - 2], tonumber(ARGV[4 * i - 1])
  local window, burst = tonumber(ARGV[4 * i]), tonumber(ARGV[4 * i + 1])
  local free, reset, wait, apply
  if algorithm == 'fixed-window' then
    local left, used = redis.call('PTTL', key), 0
    if left > 0 then
      used = tonumber(redis.call('GET', key))
      if left > window then
        redis.call('PEXPIRE', key, ARGV[4 * i])
        left = window
      end
      apply = function() redis.call('INCRBY', key, ARGV[1]) end
    else
      left = window
      apply = function() redis.call('SET', key, ARGV[1], 'PX', ARGV[4 * i]) end
    end
    free, reset, wait = limit - used, left, left
  elseif algorithm == 'sliding-window' then
    local span = math.ceil(window / 10)
    local current = math.floor(now / span)
    local counts, total, held = {}, 0, redis.call('HGETALL', key)
    for at = 1, #held, 2 do
      local slice = tonumber(held[at])
      if slice < current - 10 then
        redis.call('HDEL', key, held[at])
      else
        slice = math.min(slice, current)
        counts[slice] = (counts[slice] or 0) + tonumber(held[at + 1])
        total = total + tonumber(held[at + 1])
      end
    end
    local freed = 0
    for slice = current - 10, current do
      freed = freed + (counts[slice] or 0)
      local out = (slice + 11) * span - now
      if freed >= 1 then reset = reset or out end
      if freed >= total + cost - limit then wait = wait or out end
    end
    free, reset, wait = limit - total, reset or window, wait or window
    apply = function()
      redis.call('HINCRBY', key, string.format('%.0f', current), ARGV[1])
      redis.call('PEXPIRE', key, 12 * span)
      if total == 0 then return 11 * span - now % span end
    end
  else
    local held = redis.call('HMGET', key, 'level', 'at')
    local passed = math.max(0, now - tonumber(held[2] or now))
    local level = math.max(0, tonumber(held[1] or 0) - passed * limit / window)
    free = math.floor(burst - level + 1e-6)
    wait = math.max(1, math.ceil((level + cost - burst) * window / limit - 1e-6))
    reset = math.max(0, math.ceil(level * window / limit - 1e-6))
    apply = function()
      local full = math.ceil((level + cost) * window / limit - 1e-6)
      redis.call('HSET', key, 'level', string.format('%.17g', level + cost), 'at', string.format('%.0f', now))
      redis.call('PEXPIRE', key, full + 1)
      return full
    end
  end
  if free >= cost then wait = 0 else passes = false end
  applies[i] = apply
  answer[3 * i - 2], answer[3 * i - 1], answer[3 * i] = math.max(0, free), reset, wait
end
if passes and cost > 0 then
  for i, apply in ipairs(applies) do
    answer[3 * i - 1] = apply() or answer[3 * i - 1]
    answer[3 * i - 2] = answer[3 * i - 2] - cost
  end
end
return answer`,
  },

  /** document, index, writes, log; id, json, ifVersion or '', ttlMs or '' → [1, new version] or [0, version there]. */
  hypercarePut: {
    numberOfKeys: 4,
    // The index outlives documents that run out. A new entry therefore looks at three others and removes those that
    // point at nothing, which keeps the dead at about a quarter of the index without ever walking it.
    lua: `
local there = tonumber(redis.call('HGET', KEYS[1], 'v') or 0)
if ARGV[3] ~= '' and tonumber(ARGV[3]) ~= there then return {0, there} end
redis.call('HSET', KEYS[1], 'v', there + 1, 'j', ARGV[2])
if ARGV[4] ~= '' then redis.call('PEXPIRE', KEYS[1], ARGV[4]) else redis.call('PERSIST', KEYS[1]) end
${NOTE_WRITE}
if redis.call('ZADD', KEYS[2], 0, ARGV[1]) == 1 then
  local prefix = string.sub(KEYS[1], 1, #KEYS[1] - #ARGV[1])
  for _, id in ipairs(redis.call('ZRANDMEMBER', KEYS[2], 3)) do
    if redis.call('EXISTS', prefix .. id) == 0 then redis.call('ZREM', KEYS[2], id) end
  end
end
return {1, there + 1}`,
  },

  /** document, index, writes, log; id, ifVersion or '' → 1 if it was there and is gone. */
  hypercareDelete: {
    numberOfKeys: 4,
    lua: `
local there = redis.call('HGET', KEYS[1], 'v')
if there and ARGV[2] ~= '' and tonumber(ARGV[2]) ~= tonumber(there) then return 0 end
redis.call('ZREM', KEYS[2], ARGV[1])
if redis.call('DEL', KEYS[1]) == 0 then return 0 end
${NOTE_WRITE}
return 1`,
  },

  /** writes, log; a number of writes or '' → [writes now, [number and id of each since then, the newest first]]. */
  hypercareWritten: {
    numberOfKeys: 2,
    lua: `
local now = tonumber(redis.call('GET', KEYS[1]) or 0)
local new = now - (tonumber(ARGV[1]) or now)
if new <= 0 then return {now, {}} end
return {now, redis.call('LRANGE', KEYS[2], 0, new - 1)}`,
  },

  /** index; document prefix, '-' or '(after', limit, 'j' or 'v' → [last id looked at or '' at the end, [id, version, json or version, …]]. */
  hypercareList: {
    numberOfKeys: 1,
    // The documents' keys are not declared, but share the index's hash tag and thereby its slot. A page ends after 256
    // entries or 1 MB, so that no list holds Redis up; the caller goes on from the last id.
    lua: `
local ids = redis.call('ZRANGE', KEYS[1], ARGV[2], '+', 'BYLEX', 'LIMIT', 0, 256)
local limit, bytes, last, found = tonumber(ARGV[3]), 0, '', {}
for i, id in ipairs(ids) do
  local document = redis.call('HMGET', ARGV[1] .. id, 'v', ARGV[4])
  if document[1] then
    found[#found + 1] = id
    found[#found + 1] = document[1]
    found[#found + 1] = document[2]
    bytes = bytes + #document[2]
  else
    redis.call('ZREM', KEYS[1], id)
  end
  if #found == limit * 3 or bytes > 1048576 or i == 256 then
    last = id
    break
  end
end
return {last, found}`,
  },

  /** leases, reservation, budgets…; leaseMs, then amount, limit, endsAt of each → [refused, spent, held, …]. */
  hypercareReserve: {
    lua: `${RETURN_LAPSED}
local answer
repeat
  local returned = returnLapsed()
  answer = {-1}
  for at = 3, #KEYS do
    local spent, held = state(KEYS[at])
    answer[#answer + 1], answer[#answer + 2] = spent, held
    local amount, limit = tonumber(ARGV[3 * at - 7]), tonumber(ARGV[3 * at - 6])
    if answer[1] == -1 and spent + held + amount > limit then answer[1] = at - 3 end
  end
until answer[1] == -1 or returned < 256
if answer[1] ~= -1 then return answer end
for at = 3, #KEYS do
  local amount = ARGV[3 * at - 7]
  local held = redis.call('HINCRBY', KEYS[at], 'h', amount)
  answer[2 * at - 3] = string.format('%.0f', held)
  redis.call('PEXPIREAT', KEYS[at], ARGV[3 * at - 5])
  redis.call('HSET', KEYS[2], KEYS[at], amount)
end
redis.call('ZADD', KEYS[1], string.format('%.0f', now + ARGV[1]), KEYS[2])
return answer`,
  },

  /** leases; leaseMs, reservation… */
  hypercareRenew: {
    numberOfKeys: 1,
    lua: `
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
for at = 2, #ARGV do
  local ends = redis.call('ZSCORE', KEYS[1], ARGV[at])
  if ends and tonumber(ends) > now then
    redis.call('ZADD', KEYS[1], string.format('%.0f', now + ARGV[1]), ARGV[at])
  end
end`,
  },

  /** leases, reservation, budgets…; rememberedMs, then amount, endsAt of each → [spent, held, …]. */
  hypercareSettle: {
    lua: `${RETURN_LAPSED}
if redis.call('HEXISTS', KEYS[2], 'settled') == 0 then
  giveBack(KEYS[2])
  redis.call('ZREM', KEYS[1], KEYS[2])
  for at = 3, #KEYS do
    if redis.call('HINCRBY', KEYS[at], 's', ARGV[2 * at - 4]) > ${Number.MAX_SAFE_INTEGER} then
      redis.call('HSET', KEYS[at], 's', '${Number.MAX_SAFE_INTEGER}')
    end
    redis.call('PEXPIREAT', KEYS[at], ARGV[2 * at - 3])
  end
  redis.call('HSET', KEYS[2], 'settled', '1')
  redis.call('PEXPIRE', KEYS[2], ARGV[1])
end
local answer = {}
for at = 3, #KEYS do
  local spent, held = state(KEYS[at])
  answer[#answer + 1], answer[#answer + 2] = spent, held
end
return answer`,
  },

  /** ledger; before, maxRows → rows deleted, 1000 at most. */
  hypercareForget: {
    numberOfKeys: 1,
    lua: `
local old = redis.call('ZCOUNT', KEYS[1], '-inf', '(' .. ARGV[1])
local extra = redis.call('ZCARD', KEYS[1]) - tonumber(ARGV[2])
local gone = math.min(1000, math.max(old, extra))
if gone > 0 then redis.call('ZREMRANGEBYRANK', KEYS[1], 0, gone - 1) end
return math.max(gone, 0)`,
  },
} as const;

declare module 'ioredis' {
  interface RedisCommander<Context> {
    hypercareAdd(key: string, by: number, windowMs: number): Result<[number, number], Context>;
    hypercareTake(keys: number, ...keysAndSteps: (string | number)[]): Result<number[], Context>;
    hypercarePut(
      document: string,
      index: string,
      writes: string,
      log: string,
      id: string,
      json: string,
      ifVersion: number | '',
      ttlMs: number | '',
    ): Result<[0 | 1, number], Context>;
    hypercareDelete(
      document: string,
      index: string,
      writes: string,
      log: string,
      id: string,
      ifVersion: number | '',
    ): Result<0 | 1, Context>;
    hypercareWritten(writes: string, log: string, since: string): Result<[number, string[]], Context>;
    hypercareList(
      index: string,
      prefix: string,
      from: string,
      limit: number,
      field: 'j' | 'v',
    ): Result<[string, string[]], Context>;
    hypercareReserve(
      numberOfKeys: number,
      ...keysThenArguments: (string | number)[]
    ): Result<[number, ...string[]], Context>;
    hypercareRenew(leases: string, leaseMs: number, ...reservations: string[]): Result<null, Context>;
    hypercareSettle(
      numberOfKeys: number,
      ...keysThenArguments: (string | number)[]
    ): Result<string[], Context>;
    hypercareForget(ledger: string, before: number, maxRows: number): Result<number, Context>;
  }
}
