import type { Script, Shared } from "../bus/bus.ts";
import type { Rate } from "./limits.ts";

/**
 * A bucket that all nodes take from: its tokens and when they were counted, by the bridge's own clock, so that theirs may
 * differ. Gone when it is full again. Whoever was not asked may have taken more than there was: that is owed, up to ten
 * times a burst.
 */
const script: Script = {
  name: "token bucket",
  lua: `
local perMs, burst, count, mayOwe = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3]), ARGV[4] == '1'
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local tokens = burst
local held = redis.call('GET', KEYS[1])
if held then
  local left, at = string.match(held, '^(%S+) (%S+)$')
  tokens = math.min(burst, tonumber(left) + math.max(0, now - tonumber(at)) * perMs)
end
local taken = 0
if count ~= 0 and (mayOwe or tokens >= count) then
  taken = 1
  tokens = math.max(-10 * burst, math.min(burst, tokens - count))
  local fullInMs = math.max(1, math.ceil((burst - tokens) / perMs))
  redis.call('SET', KEYS[1], string.format('%.3f %.0f', tokens, now), 'PX', string.format('%.0f', fullInMs))
end
return { taken, math.floor(tokens * 1000) }`,
};

export interface SharedAnswer {
  isTaken: boolean;
  /** What is left; below zero: owed. */
  tokens: number;
}

/**
 * Takes `count` tokens (below zero: gives them back; 0: only looks), if they are there or `mayOwe`. `undefined` when the
 * bridge does not say.
 */
export async function askSharedBucket(
  shared: Shared,
  { name, key, rate }: { name: string; key: string; rate: Rate },
  count: number,
  { mayOwe = false } = {},
): Promise<SharedAnswer | undefined> {
  // Keys may be addresses of people and as long as somebody likes.
  const place = `limit:${name}:${new Bun.CryptoHasher("sha256").update(key).digest("base64url").slice(0, 22)}`;
  const answer = await shared.run(
    script,
    [place],
    [rate.perSecond / 1_000, rate.burst, count, mayOwe || count < 0 ? 1 : 0],
  );
  if (!Array.isArray(answer)) return undefined;
  const [taken, thousandths] = answer.map(Number);
  return { isTaken: taken === 1, tokens: (thousandths ?? 0) / 1_000 };
}
