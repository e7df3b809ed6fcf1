/**
 * The scripts of the quota store. KEYS: an account (hash) and its slots (sorted set) for each
 * scope. Six limits for each scope follow in ARGV: per second, per minute, per day, tokens a
 * minute, concurrency, cost a month; 0 is no limit. Numbers are kept with six decimals.
 */

/** Time, civil month (days from civil, proleptic Gregorian), and the reading of one account. */
const COMMON = `
local time = redis.call('TIME')
local now = tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)
local days = math.floor(now / 86400000)
local z = days + 719468
local era = math.floor(z / 146097)
local doe = z - era * 146097
local yoe = math.floor((doe - math.floor(doe/1460) + math.floor(doe/36524) - math.floor(doe/146096)) / 365)
local doy = doe - (365*yoe + math.floor(yoe/4) - math.floor(yoe/100))
local mp = math.floor((5*doy + 2) / 153)
local monthNumber = mp < 10 and mp + 3 or mp - 9
local year = yoe + era * 400 + (monthNumber <= 2 and 1 or 0)
local month = string.format('%04d-%02d', year, monthNumber)
local day = tostring(days)
local function bucket(left, at, max, window)
  left = tonumber(left or max)
  at = tonumber(at or now)
  return math.min(max, left + math.max(0, now - at) * max / window)
end
local function account(key)
  return redis.call('HMGET', key, 'rs', 'rm', 'tk', 'at', 'day', 'dayUsed', 'month', 'cost')
end
-- An account must outlive its debt: one that is forgotten starts full.
local function debtMs(left, max)
  if max == 0 or left >= 0 then return 0 end
  return math.ceil(-left * 60000 / max)
end
local function untilNextMonth()
  local first = monthNumber == 12 and {year + 1, 1} or {year, monthNumber + 1}
  local y = first[2] <= 2 and first[1] - 1 or first[1]
  local e = math.floor(y / 400)
  local yo = y - e * 400
  local m = first[2] > 2 and first[2] - 3 or first[2] + 9
  local dy = math.floor((153*m + 2) / 5)
  local de = yo * 365 + math.floor(yo/4) - math.floor(yo/100) + dy
  return (e * 146097 + de - 719468) * 86400000 - now
end
`;

/** ARGV: call, lease ms, tokens, cost, then the limits. */
export const RESERVE = `${COMMON}
local call, lease = ARGV[1], tonumber(ARGV[2])
local tokens, cost = tonumber(ARGV[3]), tonumber(ARGV[4])
local scopes = #KEYS / 2
local states = {}
local function refuse(scope, limit, max, used, wait)
  -- A part of a request that has come back is none yet: whoever is refused has nothing left.
  return {0, scope, limit, max, math.ceil(used), math.ceil(wait)}
end
for i = 1, scopes do
  local base = 4 + (i - 1) * 6
  local perSecond, perMinute, perDay = tonumber(ARGV[base+1]), tonumber(ARGV[base+2]), tonumber(ARGV[base+3])
  local perTokens, slots, budget = tonumber(ARGV[base+4]), tonumber(ARGV[base+5]), tonumber(ARGV[base+6])
  local a = account(KEYS[i*2-1])
  local s = {}
  if slots > 0 then
    redis.call('ZREMRANGEBYSCORE', KEYS[i*2], '-inf', now)
    s.slots = redis.call('ZCARD', KEYS[i*2])
    if s.slots >= slots then return refuse(i-1, 4, slots, s.slots, 1000) end
  end
  if perSecond > 0 then
    s.rs = bucket(a[1], a[4], perSecond, 1000)
    if s.rs < 1 then return refuse(i-1, 0, perSecond, perSecond - s.rs, (1 - s.rs) * 1000 / perSecond) end
  end
  if perMinute > 0 then
    s.rm = bucket(a[2], a[4], perMinute, 60000)
    if s.rm < 1 then return refuse(i-1, 1, perMinute, perMinute - s.rm, (1 - s.rm) * 60000 / perMinute) end
  end
  if perTokens > 0 then
    s.tk = bucket(a[3], a[4], perTokens, 60000)
    if s.tk < tokens then
      local missing = math.min(tokens, perTokens) - s.tk
      return refuse(i-1, 3, perTokens, perTokens - s.tk, missing * 60000 / perTokens)
    end
  end
  s.day = a[5] == day and tonumber(a[6]) or 0
  if perDay > 0 and s.day >= perDay then
    return refuse(i-1, 2, perDay, s.day, 86400000 - now % 86400000)
  end
  s.cost = a[7] == month and tonumber(a[8]) or 0
  if budget > 0 and s.cost + cost > budget then
    return refuse(i-1, 5, budget, s.cost, untilNextMonth())
  end
  states[i] = s
end
local answer = {1, month, tostring(now)}
for i = 1, scopes do
  local base = 4 + (i - 1) * 6
  local max = {}
  for n = 1, 6 do max[n] = tonumber(ARGV[base+n]) end
  local s = states[i]
  local fields = {'at', now, 'day', day, 'dayUsed', s.day + 1, 'month', month, 'cost', s.cost + cost}
  local function put(name, value)
    fields[#fields+1] = name
    fields[#fields+1] = string.format('%.6f', value)
  end
  if s.rs then put('rs', s.rs - 1) end
  if s.rm then put('rm', s.rm - 1) end
  if s.tk then put('tk', s.tk - tokens) end
  redis.call('HSET', KEYS[i*2-1], unpack(fields))
  local keep = 120000 + debtMs(s.tk and s.tk - tokens or 0, max[4])
  if max[3] > 0 then keep = math.max(keep, 2 * 86400000) end
  if max[6] > 0 then keep = math.max(keep, 32 * 86400000) end
  redis.call('PEXPIRE', KEYS[i*2-1], keep)
  if max[5] > 0 then
    redis.call('ZADD', KEYS[i*2], now + lease, call)
    redis.call('PEXPIRE', KEYS[i*2], lease)
  end
  answer[#answer+1] = s.rs and tostring(math.ceil(max[1] - s.rs + 1)) or '0'
  answer[#answer+1] = s.rm and tostring(math.ceil(max[2] - s.rm + 1)) or '0'
  answer[#answer+1] = tostring(s.day + 1)
  answer[#answer+1] = s.tk and tostring(math.ceil(max[4] - s.tk + tokens)) or '0'
  answer[#answer+1] = tostring((s.slots or 0) + 1)
  answer[#answer+1] = string.format('%.0f', s.cost + cost)
end
return answer
`;

/**
 * Any number of calls, one after the other. KEYS: the accounts and slots of each. ARGV, of each: how
 * many scopes, call, tokens given back, cost given back (both may be below zero), month, then limits.
 */
export const SETTLE = `${COMMON}
local function settle(accountKey, slotsKey, call, tokens, cost, bookedMonth, perTokens, slots, budget)
  if slots > 0 then redis.call('ZREM', slotsKey, call) end
  if perTokens > 0 or budget > 0 then
    local a = account(accountKey)
    if a[4] then
      if perTokens > 0 and tokens ~= 0 then
        -- All buckets share one time, so only what is given back is added; time goes on untouched.
        local left = tonumber(a[3] or perTokens) + tokens
        redis.call('HSET', accountKey, 'tk', string.format('%.6f', math.min(perTokens, left)))
        local keep = 120000 + debtMs(left, perTokens)
        if left < 0 and redis.call('PTTL', accountKey) < keep then
          redis.call('PEXPIRE', accountKey, keep)
        end
      end
      if budget > 0 and cost ~= 0 and a[7] == bookedMonth then
        redis.call('HSET', accountKey, 'cost', string.format('%.0f', tonumber(a[8]) - cost))
      end
    end
  end
end
local arg, key = 1, 1
while ARGV[arg] do
  local scopes, call, month = tonumber(ARGV[arg]), ARGV[arg+1], ARGV[arg+4]
  local tokens, cost = tonumber(ARGV[arg+2]), tonumber(ARGV[arg+3])
  arg = arg + 5
  for i = 1, scopes do
    settle(KEYS[key], KEYS[key+1], call, tokens, cost, month,
      tonumber(ARGV[arg+3]), tonumber(ARGV[arg+4]), tonumber(ARGV[arg+5]))
    key = key + 2
    arg = arg + 6
  end
end
return 1
`;

/** KEYS: the slots of one scope. ARGV: lease ms, then the calls. */
export const RENEW = `
local time = redis.call('TIME')
local now = tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)
for index = 2, #ARGV do redis.call('ZADD', KEYS[1], now + tonumber(ARGV[1]), ARGV[index]) end
redis.call('PEXPIRE', KEYS[1], tonumber(ARGV[1]))
return 1
`;

/** ARGV: the limits. */
export const READ = `${COMMON}
local answer = {tostring(now)}
for i = 1, #KEYS / 2 do
  local base = (i - 1) * 6
  local max = {}
  for n = 1, 6 do max[n] = tonumber(ARGV[base+n]) end
  local a = account(KEYS[i*2-1])
  local function used(value, limit, window)
    if limit == 0 then return '0' end
    return tostring(math.ceil(limit - bucket(value, a[4], limit, window)))
  end
  answer[#answer+1] = used(a[1], max[1], 1000)
  answer[#answer+1] = used(a[2], max[2], 60000)
  answer[#answer+1] = tostring(a[5] == day and tonumber(a[6]) or 0)
  answer[#answer+1] = used(a[3], max[4], 60000)
  answer[#answer+1] = tostring(max[5] > 0 and redis.call('ZCOUNT', KEYS[i*2], now, '+inf') or 0)
  answer[#answer+1] = a[7] == month and a[8] or '0'
end
return answer
`;
