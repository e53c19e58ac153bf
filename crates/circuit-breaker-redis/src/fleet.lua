-- One tick of one instance: its report in, everybody's reports and the ledger out.
-- The ledger's rules are those of circuit_breaker::fleet::Ledger::after, in its order.
-- KEYS[1]  a hash: `ledger`, and `i:NAME` with `MILLISECONDS REPORT` for each instance
-- ARGV     name, report, generation, round, act, its round, wait, longest wait, lease, keep (ms)
local key, id, report, act = KEYS[1], ARGV[1], ARGV[2], ARGV[5]
local generation, round, act_round = tonumber(ARGV[3]), tonumber(ARGV[4]), tonumber(ARGV[6])
local wait, longest, lease, keep =
  tonumber(ARGV[7]), tonumber(ARGV[8]), tonumber(ARGV[9]), tonumber(ARGV[10])
local largest = 281474976710656

local clock = redis.call('TIME')
local now = clock[1] * 1000 + math.floor(clock[2] / 1000)
local now_text = string.format('%.0f', now)

local function stamp_of(value)
  local digits = string.match(value, '^(%d+) ')
  return digits and #digits <= 15 and tonumber(digits)
end

local own, written = 'i:' .. id, redis.call('HGETALL', key)
local ledger_text, before
local answer, gone = {}, {}
for at = 1, #written, 2 do
  local field, value = written[at], written[at + 1]
  if field == 'ledger' then
    ledger_text = value
  elseif field == own then
    before = stamp_of(value)
  else
    local stamp = stamp_of(value)
    if not stamp or now - stamp > keep or string.sub(field, 1, 2) ~= 'i:' then
      gone[#gone + 1] = field
    end
    if not stamp or now - stamp <= keep then
      answer[#answer + 1] = string.sub(field, 1, 200)
      answer[#answer + 1] = string.sub(value, 1, 200)
    end
  end
end

local g, r, failed, lease_until, next_probe, holder = 0, 0, 0, 0, 0, ''
if ledger_text then
  local a, b, c, d, e, h =
    string.match(ledger_text, '^1 (%d+) (%d+) (%d+) (%d+) (%d+) ([\33-\126]*)$')
  if a and #h <= 128 then
    a, b, c, d, e = tonumber(a), tonumber(b), tonumber(c), tonumber(d), tonumber(e)
    if math.max(a, b, c, d, e) <= largest then
      g, r, failed, lease_until, next_probe, holder = a, b, c, d, e, h
    end
  end
end

if generation > g or round > r then
  g, r, holder = math.max(g, generation), math.max(r, round), ''
end
lease_until = math.min(lease_until, now + lease)
next_probe = math.min(next_probe, now + longest)
if holder ~= '' and now >= lease_until then
  failed, next_probe, holder = failed + 1, now + wait, ''
end
if act == 'ask' then
  if holder == '' and now >= next_probe then
    if now - next_probe >= keep then failed = 0 end
    r, holder, lease_until = r + 1, id, now + lease
  end
elseif holder == id and r == act_round then
  if act == 'renew' then
    lease_until = now + lease
  elseif act == 'succeeded' then
    g, failed, next_probe, holder = g + 1, 0, 0, ''
  elseif act == 'failed' then
    failed, next_probe, holder = failed + 1, now + wait, ''
  elseif act == 'release' then
    holder = ''
  end
end

local numbers = string.format('1 %.0f %.0f %.0f %.0f %.0f ', g, r, failed, lease_until, next_probe)
local ledger = numbers .. holder
report = now_text .. ' ' .. report
redis.call('HSET', key, own, report, 'ledger', ledger)
for from = 1, #gone, 1000 do
  redis.call('HDEL', key, unpack(gone, from, math.min(from + 999, #gone)))
end
-- The key lives for two windows; each instance says so once a window.
if not before or math.floor(before * 2 / keep) ~= math.floor(now * 2 / keep) then
  redis.call('PEXPIRE', key, string.format('%.0f', keep))
end

table.insert(answer, 1, report)
table.insert(answer, 1, own)
table.insert(answer, 1, ledger)
table.insert(answer, 1, now_text)
return answer
