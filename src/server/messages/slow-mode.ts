import { and, desc, eq, gt, max, ne } from "drizzle-orm";
import { mayIn } from "../../protocol/rights.ts";
import { perContext, type Actor, type Context } from "../context.ts";
import { AppError } from "../platform/app-error.ts";
import type { Script, Shared } from "../platform/bus/bus.ts";
import { RecentMap } from "../platform/cache/recent-map.ts";
import type { RoomEntry } from "../rooms/directory.ts";
import type { Membership } from "../rooms/membership.ts";
import { standingIn } from "../rooms/policy.ts";
import type { PreparedSend } from "./send.ts";

/** When somebody last wrote in a room with slow mode; 0: not lately. */
interface LastSend {
  at: number;
}

const rememberedMax = 50_000;
const cacheName = "slow-mode";
/** Messages that are looked through for somebody's last one after a restart: who wrote before these has waited enough. */
const looksBackMax = 2_000;

const lastSends = perContext((ctx) => {
  const made = new RecentMap<string, LastSend>(rememberedMax);
  ctx.caches.register(cacheName, (name) => made.delete(name), { clear: () => made.clear(), holdsRights: true });
  return made;
});

/** To be called when it turns out that what slow mode let pass did not become a new message. */
type GiveBack = () => void;

const nothing: GiveBack = () => {};

/** A send in a room with slow mode. Rejects as {@link demandSlowly} throws. */
export async function slowly(
  ctx: Context,
  actor: Actor,
  { room, membership }: { room: RoomEntry; membership: Membership },
  ready: PreparedSend | Promise<PreparedSend>,
): Promise<PreparedSend> {
  const prepared = await ready;
  const giveBack = await demandSlowly(ctx, actor, room, membership);
  return {
    commit: (settle) =>
      prepared.commit({
        done: (sent) => {
          if (sent.isRepeat) giveBack();
          settle.done(sent);
        },
        failed: (error) => {
          giveBack();
          settle.failed(error);
        },
      }),
  };
}

/**
 * Lets a member write once in as many seconds as the room asks for, over all their devices; who runs the room as often as
 * they like. Throws `SLOW_MODE`, which says how long to wait.
 */
async function demandSlowly(ctx: Context, actor: Actor, room: RoomEntry, { role }: Membership): Promise<GiveBack> {
  if (mayIn("skip_slow_mode", standingIn(actor, room, role))) return nothing;
  const name = `${room.key}:${actor.key}`;
  const last = lastSends(ctx).get(name);
  const stored = last ? last.at : await lastSendOf(ctx, room, actor.key);
  // Another of their sends may have passed meanwhile.
  const at = Math.max(stored, lastSends(ctx).get(name)?.at ?? 0);
  const giveBack = take(ctx, name, at, room.slow_mode_s);
  const { shared } = ctx.bus;
  return shared ? takeOfAll(shared, name, { seconds: room.slow_mode_s, giveBack }) : giveBack;
}

/** At the same moment they may write on another node: whoever comes first to the bridge may. */
const gate: Script = {
  name: "slow mode",
  lua: `
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local last = redis.call('GET', KEYS[1])
local waitMs = last and tonumber(last) + tonumber(ARGV[1]) - now or 0
if waitMs > 0 then return math.min(waitMs, tonumber(ARGV[1])) end
redis.call('SET', KEYS[1], string.format('%.0f', now), 'PX', ARGV[1])
return 0`,
};
const reopen: Script = { name: "slow mode, given back", lua: "return redis.call('DEL', KEYS[1])" };

async function takeOfAll(
  shared: Shared,
  name: string,
  { seconds, giveBack }: { seconds: number; giveBack: GiveBack },
): Promise<GiveBack> {
  const key = `slow:${name}`;
  const answer = await shared.run(gate, [key], [seconds * 1_000]);
  if (typeof answer === "number" && answer > 0) {
    giveBack();
    throw slowMode(answer);
  }
  return () => {
    giveBack();
    void shared.run(reopen, [key], []);
  };
}

function slowMode(waitMs: number): AppError {
  return new AppError("SLOW_MODE", { retryAfterMs: waitMs, values: { seconds: Math.ceil(waitMs / 1_000) } });
}

function take(ctx: Context, name: string, last: number, seconds: number): GiveBack {
  const now = ctx.clock.now();
  // A clock set back makes nobody wait longer than the room asks for.
  const waitMs = Math.min(last + seconds * 1_000 - now, seconds * 1_000);
  if (waitMs > 0) {
    lastSends(ctx).set(name, { at: last });
    throw slowMode(waitMs);
  }
  // Other nodes look into the database next time. This one forgets with them, and is told anew.
  ctx.publish.invalidate(cacheName, name);
  lastSends(ctx).set(name, { at: now });
  return () => lastSends(ctx).set(name, { at: last });
}

async function lastSendOf(ctx: Context, room: RoomEntry, userKey: number): Promise<number> {
  const { messages } = ctx.db.tables;
  const since = ctx.clock.now() - room.slow_mode_s * 1_000;
  const latest = ctx.db.read
    .select({ sender: messages.sender_key, type: messages.type, at: messages.created_at })
    .from(messages)
    .where(eq(messages.room_key, room.key))
    .orderBy(desc(messages.seq))
    .limit(looksBackMax)
    .as("latest");
  const [row] = await ctx.db.read
    .select({ at: max(latest.at) })
    .from(latest)
    .where(and(eq(latest.sender, userKey), ne(latest.type, "system"), gt(latest.at, since)));
  return row?.at ?? 0;
}
