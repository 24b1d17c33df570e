-- The rebuilt listing takes the place of the old one. KEYS: listing. ARGV: token. Answers: 1, or 0 when it was lost.
local next = KEYS[1] .. ':next'
if not redis.call('ZSCORE', next, 'token:' .. ARGV[1]) then
  return 0
end
for _, member in ipairs(redis.call('ZRANGEBYSCORE', next, '-inf', '-inf')) do
  if member ~= '' then
    redis.call('ZREM', next, member)
  end
end
if redis.call('ZCARD', next) > 1 then
  redis.call('PERSIST', next) -- an empty listing goes by itself: nobody can fill the cache by asking for nonsense
end
redis.call('RENAME', next, KEYS[1])
return 1
