-- Drop a visitor's causal token, unless somebody has merged into it since it was read.
-- KEYS: token. ARGV: field, number, field, number ... as it was read. Answers: 1 when it is gone, else 0.
local read = {}
for i = 1, #ARGV, 2 do
  read[ARGV[i]] = tonumber(ARGV[i + 1])
end
local held = redis.call('HGETALL', KEYS[1])
for i = 1, #held, 2 do
  if not read[held[i]] or read[held[i]] < tonumber(held[i + 1]) then
    return 0
  end
end
redis.call('DEL', KEYS[1])
return 1
