/** A client's key, unless another turn has it by now. */
export const FREE_KEY = `
local function freeKey(key, turn)
  local known = redis.call('HGET', KEYS[4], 'k:' .. key)
  if known and known:match('^p:%d+:(.*)$') == turn then redis.call('HDEL', KEYS[4], 'k:' .. key) end
end
`;

/**
 * A session is five keys with one hash tag: `:m` hash (what is known of it), `:t` list of turns, `:s` hash of summaries by
 * epoch, `:i` hash of idempotency (`t:` turn → version, `k:` client's key → `v:` version or `p:` until and turn, `o:` turn
 * whose calls are open, `md` what its client noted, where `:m` says `mn`), `:l` hash of leases (`f` fence, `x` and `u` exclusive holder and until, `xf` its fence, `p:` pending turn → until,
 * `w:` work → until and holder). All but `:m` go when the session ends; `:m` stays as long again as its absolute age, so
 * that a session that ended is known from one that never was. What is written of `:m` is written at once, and when Redis
 * lets its keys go (`ke`, one to two minutes behind the end) moves once a minute, or at once where times have become shorter: both
 * were half of what a turn took.
 *
 * A Redis that evicts keys may let one go and keep the others: a life whose turns, or what they or it are known by, are not
 * all there is over. `r` is why this life began anew, or that it has lost turns, said until a turn comes to something: while the head
 * is the one of then (`rh`). In the place of somebody else's nothing is said of that: `rh` is `o:`, how it had ended, `:` and whose it
 * was. Given back (`u` is 0) it has in `r` how it had ended, where nothing else tells.
 *
 * A turn in the list is three lines: what the store knows (version, time, stale, id, parent, hash), what the turn says of
 * itself, and its content. On Redis' clock. Numbers are written with %.0f: Lua's own way rounds from 15 digits on.
 */
export const PRELUDE = `${FREE_KEY}
local time = redis.call('TIME')
local now = tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)
local M, T, S, I, L = KEYS[1], KEYS[2], KEYS[3], KEYS[4], KEYS[5]
local function whole(number) return string.format('%.0f', number) end
local m, live, lost = {}, false, false
do
  local flat = redis.call('HGETALL', M)
  for at = 1, #flat, 2 do m[flat[at]] = flat[at + 1] end
  live = m.g ~= nil and m.x == '' and tonumber(m.u) > now
  lost = live and m.v ~= '0' and (redis.call('LLEN', T) ~= tonumber(m.v) or redis.call('EXISTS', I) == 0)
  live = live and not lost
  if not m.g then lost = redis.call('EXISTS', T) == 1 end
end
local changed = {}
local function put(field, value)
  m[field] = value
  changed[#changed + 1] = field
  changed[#changed + 1] = value
end
local function save() redis.call('HSET', M, unpack(changed)) end
local function touch(ttl, hasNewKeys)
  local ends = math.min(now + tonumber(ttl), tonumber(m.en))
  put('u', whole(ends))
  put('ta', whole(now))
  local kept = tonumber(m.ke or '0')
  -- Also where it is to end sooner than it was: what was said is not to be there for as long as was said before.
  if hasNewKeys or ends + 60000 > kept or ends + 120000 < kept then
    put('ke', whole(ends + 120000))
    for at = 2, 5 do redis.call('PEXPIREAT', KEYS[at], m.ke) end
    redis.call('PEXPIREAT', M, whole(ends + 60000 + tonumber(m.ka)))
  end
  save()
end
local function keep(key) redis.call('PEXPIREAT', key, m.ke or whole(tonumber(m.u) + 60000)) end
local function note(metadata)
  if metadata ~= '' then redis.call('HSET', I, 'md', metadata) else redis.call('HDEL', I, 'md') end
  put('mn', metadata ~= '' and '1' or '')
end
if m.md then
  -- So older replicas write it, where it stays when the session ends ('1': only that there is some).
  if live and m.md == '1' then put('mn', '1') elseif live then note(m.md) end
  if live then keep(I) save() end
  redis.call('HDEL', M, 'md')
end
local function begin(owner, metadata, ttl, maxAge, reset)
  local generation = math.max(now, tonumber(m.g or '0') + 1)
  redis.call('DEL', M, T, S, I, L)
  live, lost = true, false
  m = {s='1', g=whole(generation), v='0', d='0', hd='', h='', n='0', e='0', c='0', ct='', k='0', o=owner, ca=whole(now),
    ta=whole(now), u='0', en=whole(now + tonumber(maxAge)), ka=maxAge, x='', r=reset}
  local flat = {}
  for field, value in pairs(m) do flat[#flat + 1] = field; flat[#flat + 1] = value end
  redis.call('HSET', M, unpack(flat))
  if metadata ~= '' then note(metadata) end
  touch(ttl)
end
local function head()
  local state = 'active'
  if m.x ~= '' then state = 'erased' elseif lost or tonumber(m.u) <= now then state = 'expired' end
  local noted = ''
  if live and m.mn == '1' then noted = redis.call('HGET', I, 'md') or '' end
  return {m.v, m.g, m.d, m.hd, m.h, m.n, m.e, m.c, m.k, m.o, m.ca, m.ta, state, noted}
end
`;

/**
 * Behind the prelude: whether a turn that the session has is not on the path to its head. Versions only grow along a path. It reads
 * what others have said behind that turn, whole: 7 µs for each of 4 kB, 1.5 ms of a megabyte.
 */
export const HAS_LEFT = `
local function hasLeft(turn)
  local known = turn ~= '' and redis.call('HGET', I, 't:' .. turn)
  if not known then return false end
  local at = m.hd
  for version = tonumber(m.v), tonumber(known:match('^%d+')) + 1, -1 do
    if at == turn then break end
    local id, parent = redis.call('LINDEX', T, version - 1):match('^%d+ %d+ %d (%S+) (%S*) ')
    if id == at then at = parent end
  end
  return at ~= turn
end
`;

/** Behind the prelude: what became of a turn that was sent before; nil: it is not there. */
export const OUTCOME = `
local function outcome(turn, generation)
  if not m.g and not lost then return {'lost'} end
  if not live or m.g ~= generation then return {'gone'} end
  local before = redis.call('HGET', I, 't:' .. turn)
  if not before then return nil end
  local version, stale = before:match('^(%d+):(%d)$')
  return {'committed', version, stale, '1'}
end
`;
