-- Add what was read from the database, but never over what a store has moved meanwhile.
-- The rebuild, and its lease if that is held under the same token, begin their time anew.
-- KEYS: listing. ARGV: token, seconds, then score, member, score, member ... Answers: 1, or 0 when the rebuild was lost.
local next = KEYS[1] .. ':next'
if not redis.call('ZSCORE', next, 'token:' .. ARGV[1]) then
  return 0
end
redis.call('EXPIRE', next, ARGV[2])
if redis.call('GET', KEYS[1] .. ':lease') == ARGV[1] then
  redis.call('EXPIRE', KEYS[1] .. ':lease', ARGV[2])
end
for i = 3, #ARGV, 2 do
  local id = string.match(ARGV[i + 1], '|(%d+)$')
  if not redis.call('ZSCORE', next, 'touched:' .. id) then
    redis.call('ZADD', next, ARGV[i], ARGV[i + 1])
  end
end
return 1
