-- Store a build, if its lease still stands and its version is not below the floor, and move its listing entries.
-- KEYS: object. ARGV: token, version, shape, payload, card, refs, seconds to live when absent (0: for good),
-- entries as JSON [[listing, score, member], ...]. Answers: 1 when stored, else 0.
local key, token, version, shape = KEYS[1], ARGV[1], ARGV[2], ARGV[3]
local held = redis.call('HMGET', key, 'lease', 'floor', 'm')
if held[1] ~= token then
  return 0
end
local absent = tonumber(ARGV[7]) > 0
if absent then
  version = string.format('%.0f', math.max(tonumber(held[2] or '0') + 1, tonumber(version)))
elseif tonumber(held[2] or '0') > tonumber(version) then
  return 0
end

local fields = redis.call('HKEYS', key)
for _, field in ipairs(fields) do
  local other = string.match(field, '^v:(.+)$')
  if other and (absent or tonumber(redis.call('HGET', key, field)) < tonumber(version)) then
    redis.call('HDEL', key, field, 's:' .. other, 'c:' .. other, 'r:' .. other)
  end
end
redis.call('HDEL', key, 'lease', 'lease_until')
redis.call('HSET', key, 'floor', version, 's:' .. shape, ARGV[4], 'c:' .. shape, ARGV[5], 'r:' .. shape, ARGV[6],
  'v:' .. shape, version, 'm', ARGV[8])
if absent then
  redis.call('EXPIRE', key, ARGV[7])
else
  redis.call('PERSIST', key)
end

local id = string.match(key, ':(%d+)$')
local entries = cjson.decode(ARGV[8])
local kept = {}
for _, entry in ipairs(entries) do
  kept[entry[1] .. '\n' .. entry[3]] = true
end
for _, old in ipairs(cjson.decode(held[3] or '[]')) do
  if not kept[old[1] .. '\n' .. old[3]] then
    redis.call('ZREM', old[1], old[3])
    if redis.call('EXISTS', old[1] .. ':next') == 1 then
      redis.call('ZREM', old[1] .. ':next', old[3])
      redis.call('ZADD', old[1] .. ':next', '-inf', 'touched:' .. id)
    end
  end
end
for _, entry in ipairs(entries) do
  if redis.call('EXISTS', entry[1]) == 1 then
    redis.call('ZADD', entry[1], entry[2], entry[3])
  end
  if redis.call('EXISTS', entry[1] .. ':next') == 1 then
    redis.call('ZADD', entry[1] .. ':next', entry[2], entry[3], '-inf', 'touched:' .. id)
  end
end
return 1
