-- Move a cursor on, unless somebody else has moved it since it was read.
-- KEYS: the cursors. ARGV: whose, where it was ("" for the beginning), where it is now. Answers: 1 when moved, else 0.
if (redis.call('HGET', KEYS[1], ARGV[1]) or '') ~= ARGV[2] then
  return 0
end
redis.call('HSET', KEYS[1], ARGV[1], ARGV[3])
return 1
