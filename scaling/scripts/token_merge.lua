-- Merge into a visitor's causal token, each number by maximum.
-- KEYS: token. ARGV: seconds to live, 'known' if the visitor has it already or '', field, number, field, number ...
-- Answers: 1, or 0 when a known one has been dropped meanwhile, and then nothing is written.
if ARGV[2] == 'known' and redis.call('EXISTS', KEYS[1]) == 0 then
  return 0
end
for i = 3, #ARGV, 2 do
  if tonumber(redis.call('HGET', KEYS[1], ARGV[i]) or '-1') < tonumber(ARGV[i + 1]) then
    redis.call('HSET', KEYS[1], ARGV[i], ARGV[i + 1])
  end
end
redis.call('EXPIRE', KEYS[1], ARGV[1])
return 1
