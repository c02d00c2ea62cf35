import type { Result } from 'ioredis';
import { FREE_KEY, HAS_LEFT, OUTCOME, PRELUDE } from './session-prelude.ts';

/** One script an operation; see `scripts.ts`. Redis 7.0, no modules. */
export const sessionScripts = {
  /** turn, owner, key, exclusive, ifVersion, seen, create, known generation, edits, version, leaseMs, ttlMs, maxAgeMs, former owners, known epoch */
  hypercareSessionReserve: {
    numberOfKeys: 5,
    lua: `${PRELUDE}
local turn, key, lease = ARGV[1], ARGV[3], tonumber(ARGV[11])
-- As they are now, which may be shorter than when it began.
local ttl, last = tonumber(ARGV[12]), m.ca and tonumber(m.ca) + tonumber(ARGV[13])
if live and (tonumber(m.ta) + ttl <= now or last <= now) then live = false end
if live and last < tonumber(m.en) then put('en', whole(last)) end
local function isTheirs(owner)
  return owner == '' or owner == ARGV[2] or (' ' .. ARGV[14] .. ' '):find(' ' .. owner .. ' ', 1, true) ~= nil
end
if live and not isTheirs(m.o) then return {'unknown'} end
local isNew, reset, leases = '0', '', {}
local seen, held = 0, 0
if not live then
  if ARGV[7] == '0' then return {'unknown'} end
  if ARGV[5] ~= '' and ARGV[5] ~= '0' then return {'version', '0'} end
  local cause = ''
  if lost or (m.u == '0' and m.x == '' and m.r == 'version_regressed') then cause = 'version_regressed'
  elseif m.g then cause = m.x ~= '' and 'erased' or 'ttl' end
  -- What became of somebody else's is told to nobody else, as if there had never been one.
  local others = m.g and not isTheirs(m.o) and m.o
  if cause ~= '' and not others then reset = cause
  elseif (ARGV[6] ~= '' and ARGV[6] ~= '0') or ARGV[10] ~= '0' then reset = 'version_regressed' end
  begin(ARGV[2], '', ARGV[12], ARGV[13], reset)
  if others then put('rh', 'o:' .. cause .. ':' .. others) end
  isNew = '1'
else
  if key ~= '' then
    local known = redis.call('HGET', I, 'k:' .. key)
    if known and known:sub(1, 2) == 'v:' then
      return {'replay', head(), redis.call('LINDEX', T, tonumber(known:sub(3)) - 1)}
    end
    if known then
      local ends, holder = known:match('^p:(%d+):(.*)$')
      if holder ~= turn and tonumber(ends) > now then return {'running', m.v, whole(tonumber(ends) - now)} end
    end
  end
  local flat = redis.call('HGETALL', L)
  for at = 1, #flat, 2 do leases[flat[at]] = flat[at + 1] end
  seen = tonumber(ARGV[6]) or 0
  if ARGV[8] == m.g and ARGV[9] == m.d then held = tonumber(ARGV[10]) end
  if math.max(seen, held) > tonumber(m.v) then reset = 'version_regressed'
  elseif m.hd == '' or m.hd == m.rh then reset = m.r or '' end
  if leases.x and leases.x ~= turn and tonumber(leases.u) > now then
    return {'locked', m.v, whole(tonumber(leases.u) - now)}
  end
  if ARGV[5] ~= '' and ARGV[5] ~= m.v then
    -- What failed behind it has said nothing.
    local reached = m.hd == '' and '0' or (redis.call('HGET', I, 't:' .. m.hd) or m.v):match('^%d+')
    local wanted = tonumber(ARGV[5])
    if wanted < tonumber(reached) or wanted > tonumber(m.v) then return {'version', m.v} end
  end
end
local pending = 0
for work, ends in pairs(leases) do
  if work:sub(1, 2) == 'p:' and work ~= 'p:' .. turn then
    -- As long as nothing was said those stay that may still come: without any the session is to go.
    if tonumber(ends) > now then pending = pending + 1
    elseif m.v ~= '0' then redis.call('HDEL', L, work) end
  end
end
-- What others are answered may be what its client was promised: then nothing is lost.
if held > tonumber(m.v) or seen > tonumber(m.v) + 2 * pending then
  put('r', reset)
  if m.hd ~= '' then put('rh', m.hd) end
end
-- Of one that is heard again while it answers alone the same, or it would be in its own way.
local again = ARGV[4] == '1' and leases.x == turn and tonumber(leases.u) > now and leases.xf
local fence = again or whole(tonumber(leases.f or '0') + 1)
local last = again and leases.f or fence
local ends = whole(now + lease)
if ARGV[4] == '1' then redis.call('HSET', L, 'f', last, 'p:' .. turn, ends, 'x', turn, 'u', ends, 'xf', fence)
else redis.call('HSET', L, 'f', fence, 'p:' .. turn, ends) end
if key ~= '' then redis.call('HSET', I, 'k:' .. key, 'p:' .. ends .. ':' .. turn) end
touch(ARGV[12], m.v == '0' or not leases.f)
local from, summary = tonumber(m.c), ''
local holds = ARGV[8] == m.g and ARGV[9] == m.d and tonumber(ARGV[10]) <= tonumber(m.v)
if holds then from = math.max(from, tonumber(ARGV[10])) end
if m.e ~= '0' and not (holds and ARGV[15] == m.e) then summary = redis.call('HGET', S, m.e) or '' end
return {'reserved', head(), fence, isNew, reset, summary, whole(from), redis.call('LRANGE', T, from, -1),
  whole(pending)}`,
  },

  /**
   * turn, key, fence, generation, base, mode, parent, hash, count, own messages, tokens, opens, resolves, status, ttlMs,
   * meta, content, corrects, edits, exact, in place of, goes on
   */
  hypercareSessionCommit: {
    numberOfKeys: 5,
    lua: `${PRELUDE}${OUTCOME}${HAS_LEFT}
local turn, key, mode = ARGV[1], ARGV[2], ARGV[6]
local before = outcome(turn, ARGV[4])
if before then return before end
if ARGV[19] ~= '' and ARGV[19] ~= m.d then return {'conflict', m.v} end
if key ~= '' then
  local known = redis.call('HGET', I, 'k:' .. key)
  if known and known:sub(1, 2) == 'v:' then return {'conflict', m.v} end
end
if ARGV[3] == '0' then
  local held = redis.call('HMGET', L, 'x', 'u')
  if held[1] and tonumber(held[2]) > now then return {'conflict', m.v} end
end
if ARGV[20] == '1' then
  local exclusive = tonumber(redis.call('HGET', L, 'xf') or '0')
  if m.v ~= ARGV[5] or exclusive > tonumber(ARGV[3]) then return {'conflict', m.v} end
end
local place = ARGV[21]
if place ~= '' and place ~= m.hd then mode = 'merge' end
-- What it was made from this store does not have: it goes on behind what there is, and the next one is told.
local isBehind = tonumber(m.v) < tonumber(ARGV[5])
if mode == 'branch' and ARGV[7] ~= '' and redis.call('HEXISTS', I, 't:' .. ARGV[7]) == 0 then
  mode, isBehind = 'merge', true
end
if ARGV[22] == '1' and mode ~= 'branch' and not isBehind and hasLeft(ARGV[7]) then mode = 'branch' end
local stale = (mode ~= 'branch' and (isBehind or m.v ~= ARGV[5])) and '1' or '0'
local resolves, failed = ARGV[13], ARGV[14] == 'failed'
if resolves ~= '' and not failed then
  local was = redis.call('HDEL', I, 'o:' .. resolves)
  if was == 0 and mode ~= 'branch' and place == '' and not isBehind then return {'conflict', m.v} end
end
local version = tonumber(m.v) + 1
local parent, hash, count = m.hd, ARGV[8], ARGV[9]
if mode == 'branch' then parent = ARGV[7]
elseif stale == '1' then hash, count = '', whole(tonumber(m.n) + tonumber(ARGV[10])) end
local line = table.concat({whole(version), whole(now), stale, turn, parent, hash}, ' ')
redis.call('RPUSH', T, line .. '\\n' .. ARGV[16] .. '\\n' .. ARGV[17])
put('v', whole(version))
put('k', whole(tonumber(m.k) + tonumber(ARGV[11])))
if ARGV[18] == '1' then put('d', whole(tonumber(m.d) + 1)) end
if not failed then put('hd', turn) put('h', hash) put('n', count) end
if isBehind then put('r', 'version_regressed') put('rh', m.hd) end
local known = {'t:' .. turn, whole(version) .. ':' .. stale}
if ARGV[12] == '1' then known[#known + 1] = 'o:' .. turn; known[#known + 1] = '1' end
if key ~= '' then
  if ARGV[14] == 'complete' then known[#known + 1] = 'k:' .. key; known[#known + 1] = 'v:' .. whole(version)
  else freeKey(key, turn) end
end
redis.call('HSET', I, unpack(known))
if redis.call('HGET', L, 'x') == turn then redis.call('HDEL', L, 'p:' .. turn, 'x', 'u')
else redis.call('HDEL', L, 'p:' .. turn) end
touch(ARGV[15], version == 1)
return {'committed', whole(version), stale, '0'}`,
  },

  /** turn, generation → as of a commit, if that has been there */
  hypercareSessionCommitted: {
    numberOfKeys: 5,
    lua: `${PRELUDE}${OUTCOME}
return outcome(ARGV[1], ARGV[2]) or {}`,
  },

  /** turn, key, leaseMs, ttlMs → 1 = it stands */
  hypercareSessionRenew: {
    numberOfKeys: 5,
    lua: `${PRELUDE}
local turn, key = ARGV[1], ARGV[2]
if not live or redis.call('HEXISTS', L, 'p:' .. turn) == 0 then return 0 end
local ends = whole(now + tonumber(ARGV[3]))
redis.call('HSET', L, 'p:' .. turn, ends)
if redis.call('HGET', L, 'x') == turn then redis.call('HSET', L, 'u', ends) end
local known = key ~= '' and redis.call('HGET', I, 'k:' .. key)
if known and known:match('^p:%d+:(.*)$') == turn then redis.call('HSET', I, 'k:' .. key, 'p:' .. ends .. ':' .. turn) end
touch(ARGV[4])
return 1`,
  },

  /** turn, key */
  hypercareSessionRelease: {
    numberOfKeys: 5,
    lua: `${FREE_KEY}
redis.call('HDEL', KEYS[5], 'p:' .. ARGV[1])
if redis.call('HGET', KEYS[5], 'x') == ARGV[1] then redis.call('HDEL', KEYS[5], 'x', 'u') end
if ARGV[2] ~= '' then freeKey(ARGV[2], ARGV[1]) end
-- A session that came to nothing: of none before it is anything to be told, and all that were announced in it are given back: who
-- was cut off for longer than a lease still comes.
local m = redis.call('HMGET', KEYS[1], 'v', 'x', 'r', 'mn', 'md', 'rh')
local cause, whose = (m[6] or ''):match('^o:([^:]*):(.*)$')
if m[1] ~= '0' or m[2] ~= '' or (m[3] ~= '' and not whose) or m[4] == '1' or m[5] then return end
for _, work in ipairs(redis.call('HKEYS', KEYS[5])) do
  if work:sub(1, 2) == 'p:' then return end
end
if not whose then redis.call('DEL', unpack(KEYS)) return end
-- In whose place it began, theirs is as it was.
redis.call('DEL', unpack(KEYS, 2))
redis.call('HSET', KEYS[1], 'o', whose, 'x', cause == 'erased' and cause or '', 'u', '0',
  'r', cause == 'version_regressed' and cause or '', 'rh', '')`,
  },

  /** after, limit, whether anyone's, its owner, a turn that it has or '', whether bare, whether from it on → head, summary, turns */
  hypercareSessionRead: {
    numberOfKeys: 5,
    lua: `${PRELUDE}
if not m.g or (ARGV[3] == '0' and m.o ~= ARGV[4]) then return {} end
if not live then return {head(), '', {}} end
local after, limit, turns = tonumber(ARGV[1]), tonumber(ARGV[2]), {}
if ARGV[5] ~= '' then
  local known = redis.call('HGET', I, 't:' .. ARGV[5])
  if not known then return {} end
  if ARGV[7] == '1' then after = tonumber(known:match('^%d+')) - 1 end
end
if limit > 0 then turns = redis.call('LRANGE', T, after, after + limit - 1) end
if ARGV[6] == '1' then
  for at, turn in ipairs(turns) do turns[at] = turn:match('^[^\\n]*\\n[^\\n]*\\n') end
end
return {head(), m.e ~= '0' and redis.call('HGET', S, m.e) or '', turns}`,
  },

  /** owner, metadata, ttlMs, maxAgeMs → when it was made, 0 = it was there */
  hypercareSessionCreate: {
    numberOfKeys: 5,
    lua: `${PRELUDE}
if live then return 0 end
begin(ARGV[1], ARGV[2], ARGV[3], ARGV[4], '')
return now`,
  },

  /** metadata → 1 = written */
  hypercareSessionDescribe: {
    numberOfKeys: 5,
    lua: `${PRELUDE}
if not live then return 0 end
note(ARGV[1])
keep(I)
save()
return 1`,
  },

  /** generation, edits, epoch, covered, next epoch, next covered, its turn, summary → 1 = it stands */
  hypercareSessionSummarize: {
    numberOfKeys: 5,
    lua: `${PRELUDE}
if not live or m.g ~= ARGV[1] or m.d ~= ARGV[2] or m.e ~= ARGV[3] or m.c ~= ARGV[4] then return 0 end
local known = redis.call('HGET', I, 't:' .. ARGV[7])
if not known or known:match('^%d+') ~= ARGV[6] then return 0 end
redis.call('HSET', S, ARGV[5], ARGV[8])
keep(S)
redis.call('HDEL', S, whole(tonumber(ARGV[5]) - 16))
put('e', ARGV[5])
put('c', ARGV[6])
put('ct', ARGV[7])
save()
return 1`,
  },

  /** work, holder, leaseMs → 1 = granted */
  hypercareSessionLease: {
    numberOfKeys: 5,
    lua: `${PRELUDE}
if not live then return 0 end
local held = redis.call('HGET', L, 'w:' .. ARGV[1])
if held then
  local ends, holder = held:match('^(%d+):(.*)$')
  if holder ~= ARGV[2] and tonumber(ends) > now then return 0 end
end
redis.call('HSET', L, 'w:' .. ARGV[1], whole(now + tonumber(ARGV[3])) .. ':' .. ARGV[2])
keep(L)
return 1`,
  },

  /** work, holder */
  hypercareSessionUnlease: {
    numberOfKeys: 5,
    lua: `
local held = redis.call('HGET', KEYS[5], 'w:' .. ARGV[1])
if held and held:match('^%d+:(.*)$') == ARGV[2] then redis.call('HDEL', KEYS[5], 'w:' .. ARGV[1]) end`,
  },

  /** version, content as it was, meta, content → 1 = exchanged */
  hypercareSessionRedact: {
    numberOfKeys: 5,
    lua: `${PRELUDE}
if not live then return 0 end
local at = tonumber(ARGV[1])
local turn = at > 0 and redis.call('LINDEX', T, at - 1)
if not turn then return 0 end
local known, meta, content = turn:match('^([^\\n]*)\\n([^\\n]*)\\n(.*)$')
if content ~= ARGV[2] then return 0 end
redis.call('LSET', T, at - 1, known .. '\\n' .. ARGV[3] .. '\\n' .. ARGV[4])
redis.call('DEL', S)
put('e', '0')
put('c', '0')
put('ct', '')
put('d', whole(tonumber(m.d) + 1))
save()
return 1`,
  },

  /** generation that is meant, or '', whether it is nobody's from now on → 1 = there was something */
  hypercareSessionErase: {
    numberOfKeys: 5,
    lua: `${PRELUDE}
if not m.g and ARGV[1] == '' then return math.min(1, redis.call('DEL', T, S, I, L)) end
if not m.g or (ARGV[1] ~= '' and ARGV[1] ~= m.g) then return 0 end
local was = live or lost or (m.x == '' and redis.call('EXISTS', T) == 1)
redis.call('DEL', T, S, I, L)
put('x', 'erased')
for _, field in ipairs({'hd', 'h', 'ct', 'mn', 'r', 'rh', ARGV[2] == '1' and 'o' or nil}) do put(field, '') end
for _, field in ipairs({'v', 'n', 'k', 'e', 'c'}) do put(field, '0') end
put('ta', whole(now))
save()
redis.call('PEXPIREAT', M, whole(now + tonumber(m.ka)))
return was and 1 or 0`,
  },

  /** Of an index: names, each with when it was put there. One that has begun anew since stays. */
  hypercareSessionUnlist: {
    numberOfKeys: 1,
    lua: `
for at = 1, #ARGV, 2 do
  if redis.call('ZSCORE', KEYS[1], ARGV[at]) == ARGV[at + 1] then redis.call('ZREM', KEYS[1], ARGV[at]) end
end`,
  },
} as const;

type Head = string[];
type Keys = [m: string, t: string, s: string, i: string, l: string];
type Argument = string | number;

declare module 'ioredis' {
  interface RedisCommander<Context> {
    hypercareSessionReserve(...all: [...Keys, ...Argument[]]): Result<unknown[], Context>;
    hypercareSessionCommit(...all: [...Keys, ...Argument[]]): Result<string[], Context>;
    hypercareSessionCommitted(...all: [...Keys, ...Argument[]]): Result<string[], Context>;
    hypercareSessionRenew(...all: [...Keys, ...Argument[]]): Result<0 | 1, Context>;
    hypercareSessionRelease(...all: [...Keys, ...Argument[]]): Result<null, Context>;
    hypercareSessionRead(...all: [...Keys, ...Argument[]]): Result<[] | [Head, string, string[]], Context>;
    hypercareSessionCreate(...all: [...Keys, ...Argument[]]): Result<number, Context>;
    hypercareSessionDescribe(...all: [...Keys, ...Argument[]]): Result<0 | 1, Context>;
    hypercareSessionSummarize(...all: [...Keys, ...Argument[]]): Result<0 | 1, Context>;
    hypercareSessionLease(...all: [...Keys, ...Argument[]]): Result<0 | 1, Context>;
    hypercareSessionUnlease(...all: [...Keys, ...Argument[]]): Result<null, Context>;
    hypercareSessionRedact(...all: [...Keys, ...Argument[]]): Result<0 | 1, Context>;
    hypercareSessionErase(...all: [...Keys, ...Argument[]]): Result<0 | 1, Context>;
    hypercareSessionUnlist(index: string, ...all: Argument[]): Result<null, Context>;
  }
}
