-- Give a lease back, if it is still ours. KEYS: object. ARGV: token.
if redis.call('HGET', KEYS[1], 'lease') == ARGV[1] then
  redis.call('HDEL', KEYS[1], 'lease', 'lease_since', 'lease_until')
end
return 1
