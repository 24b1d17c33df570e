-- Drop what is stored of an object and whatever is being built of it. The floor stays or rises, and so does what is
-- known of its places in listings. KEYS: object. ARGV: the floor to raise to (0: leave it).
local key = KEYS[1]
local floor = tonumber(redis.call('HGET', key, 'floor') or '0')
for _, field in ipairs(redis.call('HKEYS', key)) do
  if field ~= 'm' and field ~= 'floor' then
    redis.call('HDEL', key, field)
  end
end
if tonumber(ARGV[1]) > floor then
  redis.call('HSET', key, 'floor', ARGV[1])
end
redis.call('ZREM', 'absent', key)
return 1
