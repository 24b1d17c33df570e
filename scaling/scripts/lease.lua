-- Take the right to store a build. KEYS: object. ARGV: token, lease in ms, why, shape.
-- Why: 'over', a refresh, which takes it from whoever has it; 'missing' or 'expired', a reader, who does not, and who
-- builds only what is still missing or expired.
-- Answers: since when it is held (microseconds) when taken, 0 when somebody else is building, 1 when there is nothing
-- to build any more.
local key, why, shape = KEYS[1], ARGV[3], ARGV[4]
local now = redis.call('TIME')
local now_us = now[1] * 1000000 + now[2]
local held = redis.call('HMGET', key, 'lease', 'lease_until', 'floor', 'x:' .. shape)
if why == 'missing' and held[4] then
  return 1
end
if why == 'expired' and not (held[4] and tonumber(held[4]) <= now_us) then
  return 1
end
if why ~= 'over' and held[1] and tonumber(held[2]) > now_us then
  return 0
end
local until_us = now_us + tonumber(ARGV[2]) * 1000
redis.call('HSET', key, 'lease', ARGV[1], 'lease_since', string.format('%.0f', now_us),
  'lease_until', string.format('%.0f', until_us))
if not held[1] and not held[3] then
  redis.call('EXPIRE', key, 60)
end
return now_us
