-- Begin to rebuild a listing under a second key, to which changes go from now on. A later beginner takes over.
-- KEYS: listing. ARGV: token, seconds it may take.
local next = KEYS[1] .. ':next'
redis.call('DEL', next)
redis.call('ZADD', next, '-inf', '', '-inf', 'token:' .. ARGV[1])
redis.call('EXPIRE', next, ARGV[2])
return 1
