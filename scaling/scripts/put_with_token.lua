-- Store what was read from the tables, unless it was changed or flushed since: then the token is gone.
-- KEYS: token, value. ARGV: token, value, seconds. Answers: 1 when it is stored, else 0.
if redis.call('GET', KEYS[1]) ~= ARGV[1] then
  return 0
end
redis.call('SET', KEYS[2], ARGV[2], 'EX', ARGV[3])
return 1
