"""What happens to a basket inside the server, whole or not at all. A field is a product id, or “cake:” and the key of
the job that draws it; its value is “quantity:cents when added”. OWN and OWN_VALUES follow the customer's pointer to a
key that is not in KEYS: `keep` is one server with its replicas, not a cluster."""

# KEYS: basket. ARGV: product, quantity, cents, most of one, most lines, seconds kept.
# Answers how many there are now, 0 when there is no room for another line.
ADD = """
local held = redis.call('HGET', KEYS[1], ARGV[1])
if not held and redis.call('HLEN', KEYS[1]) >= tonumber(ARGV[5]) then return 0 end
local before = held and tonumber(string.match(held, '^%d+')) or 0
local quantity = math.min(before + tonumber(ARGV[2]), tonumber(ARGV[4]))
redis.call('HSET', KEYS[1], ARGV[1], quantity .. ':' .. ARGV[3])
redis.call('EXPIRE', KEYS[1], ARGV[6])
return quantity
"""

# KEYS: basket. ARGV: seconds kept, then pairs of product and quantity.
SET = """
for i = 2, #ARGV, 2 do
  local held = redis.call('HGET', KEYS[1], ARGV[i])
  if held and ARGV[i + 1] == '0' then
    redis.call('HDEL', KEYS[1], ARGV[i])
  elseif held then
    redis.call('HSET', KEYS[1], ARGV[i], ARGV[i + 1] .. string.match(held, ':.*'))
  end
end
redis.call('EXPIRE', KEYS[1], ARGV[1])
"""

# KEYS: customer's pointer, guest's basket. ARGV: an id for a first basket, seconds kept, most of one, most lines.
# Answers the id of the customer's basket, with the guest's things in it.
OWN = """
local id = redis.call('GET', KEYS[1]) or ARGV[1]
redis.call('SET', KEYS[1], id, 'EX', ARGV[2])
local own = 'basket:' .. id
if own == KEYS[2] then return id end
local guests = redis.call('HGETALL', KEYS[2])
if #guests == 0 then return id end
for i = 1, #guests, 2 do
  local held = redis.call('HGET', own, guests[i])
  if held or redis.call('HLEN', own) < tonumber(ARGV[4]) then
    local quantity = string.match(guests[i + 1], '^%d+') + (held and string.match(held, '^%d+') or 0)
    local most = string.sub(guests[i], 1, 5) == 'cake:' and 1 or tonumber(ARGV[3])
    quantity = math.min(quantity, most)
    redis.call('HSET', own, guests[i], quantity .. string.match(guests[i + 1], ':.*'))
  end
end
redis.call('DEL', KEYS[2])
redis.call('EXPIRE', own, ARGV[2])
return id
"""

# KEYS: customer's pointer. Answers the values of the customer's basket.
OWN_VALUES = """
local id = redis.call('GET', KEYS[1])
return id and redis.call('HVALS', 'basket:' .. id) or {}
"""

# KEYS: the ordered basket, the following one, customer's pointer. ARGV: both ids, seconds kept, then pairs of product
# and quantity ordered. What was put in while the order was under way goes on into the following basket.
RETIRE = """
for i = 4, #ARGV, 2 do
  local held = redis.call('HGET', KEYS[1], ARGV[i])
  local left = held and string.match(held, '^%d+') - ARGV[i + 1] or 0
  if left > 0 then
    redis.call('HSET', KEYS[1], ARGV[i], left .. string.match(held, ':.*'))
  elseif held then
    redis.call('HDEL', KEYS[1], ARGV[i])
  end
end
if redis.call('EXISTS', KEYS[1]) == 1 and redis.call('EXISTS', KEYS[2]) == 0 then
  redis.call('RENAME', KEYS[1], KEYS[2])
  redis.call('EXPIRE', KEYS[2], ARGV[3])
end
if redis.call('GET', KEYS[3]) == ARGV[1] then
  redis.call('SET', KEYS[3], ARGV[2], 'EX', ARGV[3])
end
"""
