-- Take the right to store a build. A refresh takes it over; a reader takes it only when nobody holds it.
-- KEYS: object. ARGV: token, lease in ms, 'over' or '', shape.
-- Answers: 1 when taken, 0 when somebody else is building, 2 when there is nothing to build any more.
local now = redis.call('TIME')
local now_ms = now[1] * 1000 + math.floor(now[2] / 1000)
local held = redis.call('HMGET', KEYS[1], 'lease', 'lease_until')
if ARGV[3] ~= 'over' and redis.call('HEXISTS', KEYS[1], 's:' .. ARGV[4]) == 1 then
  return 2
end
if ARGV[3] ~= 'over' and held[1] and tonumber(held[2]) > now_ms then
  return 0
end
redis.call('HSET', KEYS[1], 'lease', ARGV[1], 'lease_until', string.format('%.0f', now_ms + tonumber(ARGV[2])))
if not held[1] and redis.call('HEXISTS', KEYS[1], 'floor') == 0 then
  redis.call('EXPIRE', KEYS[1], 60)
end
return 1
