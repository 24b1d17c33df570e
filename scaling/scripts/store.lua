-- Store a build, if its lease still stands and its version is not below the floor, and move its listing entries.
-- KEYS: object. ARGV: token, version, shape, payload, card, refs, when it expires (microseconds), seconds to live when
-- absent (0: it exists), how many absent ones there may be, entries as JSON [[listing, score, member], ...] or '' to
-- leave the listings alone, places as JSON [[listing, member], ...] where it may stand from before.
-- Answers: 1 when stored, else 0.
local key, token, version, shape = KEYS[1], ARGV[1], ARGV[2], ARGV[3]
local held = redis.call('HMGET', key, 'lease', 'floor', 'm', 'lease_since')
local floor = tonumber(held[2] or '0')
if held[1] ~= token then
  return 0
end
local absent = tonumber(ARGV[8]) > 0
if absent and tonumber(version) == 0 then -- it is not known since when: since the last that was heard
  version = string.format('%.0f', floor + 1)
end
if floor > tonumber(version) then
  return 0
end

-- What other releases have stored goes when it is older.
for _, field in ipairs(redis.call('HKEYS', key)) do
  local other = string.match(field, '^v:(.+)$')
  if other and (absent or tonumber(redis.call('HGET', key, field)) < tonumber(version)) then
    redis.call('HDEL', key, field, 's:' .. other, 'c:' .. other, 'r:' .. other, 'x:' .. other)
  end
end
redis.call('HDEL', key, 'lease', 'lease_since', 'lease_until', 'absent')
redis.call('HSET', key, 'floor', version, 's:' .. shape, ARGV[4], 'c:' .. shape, ARGV[5], 'r:' .. shape, ARGV[6],
  'v:' .. shape, version, 'x:' .. shape, ARGV[7])
if absent then
  local now = redis.call('TIME')
  redis.call('HSET', key, 'absent', '1')
  redis.call('EXPIRE', key, ARGV[8])
  redis.call('ZADD', 'absent', now[1], key)
  for _ = 1, redis.call('ZCARD', 'absent') - tonumber(ARGV[9]) do
    local oldest = redis.call('ZPOPMIN', 'absent')[1]
    if redis.call('HGET', oldest, 'absent') then
      redis.call('DEL', oldest)
    end
  end
else
  redis.call('PERSIST', key)
  redis.call('ZREM', 'absent', key)
end
if ARGV[10] == '' then
  return 1
end
redis.call('HSET', key, 'refreshed', held[4])

local id = string.match(key, ':(%d+)$')
local entries = cjson.decode(ARGV[10])
local stays = {}
for _, entry in ipairs(entries) do
  stays[entry[1] .. '\n' .. entry[3]] = true
end
local function leave(listing, member)
  if stays[listing .. '\n' .. member] then
    return
  end
  redis.call('ZREM', listing, member)
  if redis.call('EXISTS', listing .. ':next') == 1 then
    redis.call('ZREM', listing .. ':next', member)
    redis.call('ZADD', listing .. ':next', '-inf', 'touched:' .. id)
  end
end
for _, old in ipairs(cjson.decode(held[3] or '[]')) do
  leave(old[1], old[3])
end
for _, place in ipairs(cjson.decode(ARGV[11])) do
  leave(place[1], place[2])
end
for _, entry in ipairs(entries) do
  if redis.call('EXISTS', entry[1]) == 1 then
    redis.call('ZADD', entry[1], entry[2], entry[3])
  end
  if redis.call('EXISTS', entry[1] .. ':next') == 1 then
    redis.call('ZADD', entry[1] .. ':next', entry[2], entry[3], '-inf', 'touched:' .. id)
  end
end
if not absent then
  redis.call('HSET', key, 'm', ARGV[10])
elseif held[3] then
  redis.call('HDEL', key, 'm')
end
return 1
