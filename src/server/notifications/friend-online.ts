import { people, userRef } from "../accounts/people.ts";
import { blocksOf } from "../blocks/blocked.ts";
import { perContext, type Context } from "../context.ts";
import { friendsOf } from "../friends/friends-of.ts";
import { RecentMap } from "../platform/cache/recent-map.ts";
import { wireTime } from "../platform/clock.ts";
import { presence } from "../presence/presence.ts";

/** Those who come together are looked up together. */
const gatherMs = 200;
/** So many at once come back after the server was away: that is no news of any of them. */
const rush = 100;
/** Of one friend somebody hears no oftener than this. */
const againMs = 10 * 60_000;
const rememberedMax = 100_000;

/** People who came online, on their way to their friends' devices. Nothing of it is stored. */
class Arrivals {
  #keys = new Set<number>();
  #cancel: (() => void) | undefined;

  constructor(private readonly ctx: Context) {}

  add(userKey: number): void {
    if (this.#keys.size <= rush) this.#keys.add(userKey);
    this.#cancel ??= this.ctx.clock.after(gatherMs, () => {
      const keys = [...this.#keys];
      this.#keys.clear();
      this.#cancel = undefined;
      if (keys.length <= rush) void this.ctx.jobs.run(`friends online ${keys[0]}`, () => tell(this.ctx, keys));
    });
  }

  stop(): void {
    this.#cancel?.();
  }
}

const cacheName = "friends told";

/** When somebody was told last that a friend came, on whatever node. */
const told = perContext((ctx) => {
  const made = new RecentMap<string, number>(rememberedMax);
  ctx.caches.register(cacheName, (who) => {
    const [userKey, friendKeys = ""] = who.split(" ");
    for (const friendKey of friendKeys.split(",")) made.set(`${userKey}:${friendKey}`, ctx.clock.now());
  });
  return made;
});

function isNews(ctx: Context, userKey: number, friendKey: number): boolean {
  return ctx.clock.now() - (told(ctx).get(`${userKey}:${friendKey}`) ?? -Infinity) >= againMs;
}

/** Only friends who are there: to whom nobody has told it, it may be told in a moment. */
async function tell(ctx: Context, userKeys: readonly number[]): Promise<void> {
  const friends = await friendsOf(ctx, userKeys);
  const persons = await people(ctx).byKeys([...userKeys, ...[...friends.values()].flat()]);
  const blocks = await blocksOf(ctx, userKeys);
  for (const [userKey, friendKeys] of friends) {
    const person = persons.get(userKey);
    if (!person) continue;
    const news = friendKeys.flatMap((key) => {
      const friend = persons.get(key);
      const apart = blocks.get(userKey);
      if (!friend || apart?.blocked.has(key) || apart?.blockers.has(key)) return [];
      return presence(ctx).get(key)?.activity !== undefined && isNews(ctx, userKey, key) ? [friend] : [];
    });
    if (news.length === 0) continue;
    // They may just have come to another node as well, which is about to tell the same.
    ctx.publish.invalidate(cacheName, `${userKey} ${news.map(({ key }) => key).join(",")}`);
    for (const friend of news) {
      ctx.publish.toUser(friend.id, "notification", {
        id: Bun.randomUUIDv7(),
        kind: "friend_online",
        actor: userRef(person),
        room_id: null,
        message_id: null,
        text: "",
        created_at: wireTime(ctx.clock.now()),
        read_at: null,
      });
    }
  }
}

const arrivals = perContext((ctx) => {
  // Hears from now on what other nodes tell.
  told(ctx);
  const made = new Arrivals(ctx);
  ctx.onClose(() => made.stop());
  return made;
});

/** Somebody came online: their friends hear of it. */
export function friendCameOnline(ctx: Context, userKey: number): void {
  arrivals(ctx).add(userKey);
}
