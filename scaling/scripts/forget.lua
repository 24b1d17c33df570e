-- Drop what is stored of an object and whatever is being built of it. The floor stays, and so does what is known of its
-- places in listings. KEYS: object.
local key = KEYS[1]
for _, field in ipairs(redis.call('HKEYS', key)) do
  if field ~= 'm' and field ~= 'floor' then
    redis.call('HDEL', key, field)
  end
end
redis.call('ZREM', 'absent', key)
return 1
