-- The result of a query as it was stored under the present stamps of the tables it reads. A stamp that is not there
-- (never made, or evicted) is made anew and at random, so that no result stored before is ever found again.
-- KEYS: stamps. ARGV: hash of the query, a random stamp. Answers: {key of the result, result or false}.
local stamps = {}
for i, key in ipairs(KEYS) do
  stamps[i] = redis.call('GET', key)
  if not stamps[i] then
    stamps[i] = ARGV[2]
    redis.call('SET', key, stamps[i])
  end
end
local key = 'q:' .. ARGV[1] .. ':' .. table.concat(stamps, ':')
return {key, redis.call('GET', key)}
