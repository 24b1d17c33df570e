-- The whole object, and in the same step the cards of what it names.
-- KEYS: object. ARGV: shape. Answers: false, or {payload, card, card, ...}.
local found = redis.call('HMGET', KEYS[1], 's:' .. ARGV[1], 'r:' .. ARGV[1])
if not found[1] then
  return false
end
local answer = {found[1]}
for key, shape in string.gmatch(found[2] or '', '(%S+) (%S+)') do
  answer[#answer + 1] = redis.call('HGET', key, 'c:' .. shape)
end
return answer
