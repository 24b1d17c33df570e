-- The cards of many objects. KEYS: objects. ARGV: shape. Answers: {card or false, ...}.
local answer = {}
for i, key in ipairs(KEYS) do
  answer[i] = redis.call('HGET', key, 'c:' .. ARGV[1])
end
return answer
