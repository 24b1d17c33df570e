-- One page of a listing with its cards. A listing holds a sentinel, the member '' at -inf, so that an evicted
-- listing is never taken for an empty one.
-- KEYS: listing. ARGV: first rank, last rank (from 0), 'rev' or '', prefix of object keys, shape.
-- Answers: false when the listing is not there, else {total, member, card or false, member, card, ...}.
local total = redis.call('ZCARD', KEYS[1])
if total == 0 then
  return false
end
local first, last = tonumber(ARGV[1]), tonumber(ARGV[2])
local members
if ARGV[3] == 'rev' then
  members = redis.call('ZREVRANGE', KEYS[1], first, last)
else
  members = redis.call('ZRANGE', KEYS[1], first + 1, last + 1)
end
local answer = {total - 1}
for _, member in ipairs(members) do
  local id = string.match(member, '|(%d+)$')
  if id then
    answer[#answer + 1] = member
    answer[#answer + 1] = redis.call('HGET', ARGV[4] .. id, 'c:' .. ARGV[5])
  end
end
return answer
