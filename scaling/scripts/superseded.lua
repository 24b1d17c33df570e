-- What became of a build that was not stored. KEYS: object. ARGV: since when it held the lease (microseconds), token.
-- Answers: 1 when a refresh that took the lease later has stored, 0 while somebody else is building, else 2: build
-- again.
local now = redis.call('TIME')
local held = redis.call('HMGET', KEYS[1], 'refreshed', 'lease_until', 'lease')
if held[1] and tonumber(held[1]) > tonumber(ARGV[1]) then
  return 1
end
if held[3] ~= ARGV[2] and held[2] and tonumber(held[2]) > now[1] * 1000000 + now[2] then
  return 0
end
return 2
