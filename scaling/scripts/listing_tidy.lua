-- Take members out of a listing whose objects are known to be absent. KEYS: listing. ARGV: prefix of object keys,
-- then members.
for i = 2, #ARGV do
  local id = string.match(ARGV[i], '|(%d+)$')
  if redis.call('HGET', ARGV[1] .. id, 'absent') then
    redis.call('ZREM', KEYS[1], ARGV[i])
  end
end
return 1
