import { perContext, type Context } from "../context.ts";
import { RecentMap } from "../platform/cache/recent-map.ts";
import { eyesOf } from "./eyes.ts";
import { personsByKey } from "./store.ts";

const cacheName = "presence between";
const rememberedMax = 1_000;

/** Pairs of whom this node has heard so lately: should it lose what follows, it cannot know from their blocks that it did. */
const heard = perContext(() => new RecentMap<string, [number, number]>(rememberedMax));

/** {@link heard}. */
export function heardBetween(ctx: Context): Iterable<[number, number]> {
  return heard(ctx).values();
}

/**
 * One of the two has blocked the other, or no longer does: whoever of them watches the other learns how they are seen
 * now, on every node. Call it after the blocks were forgotten.
 */
export function retellPresence(ctx: Context, oneKey: number, otherKey: number): void {
  ctx.publish.invalidate(cacheName, `${oneKey}:${otherKey}`);
}

/** Listens to what {@link retellPresence} says, here or elsewhere. */
export function followBlocks(ctx: Context): void {
  ctx.caches.register(cacheName, (pair) => {
    const [oneKey = 0, otherKey = 0] = pair.split(":").map(Number);
    heard(ctx).set(pair, [oneKey, otherKey]);
    retellHere(ctx, oneKey, otherKey).catch((error: unknown) =>
      ctx.log.error("two people do not see each other as they should", { error }),
    );
  });
}

/** {@link retellPresence} on this node alone. */
export async function retellHere(ctx: Context, ...keys: [number, number]): Promise<void> {
  const persons = await personsByKey(ctx, keys);
  for (const person of persons) {
    const other = persons.find(({ key }) => key !== person.key);
    if (!other || !ctx.publish.isWatched(person.id)) continue;
    const eyes = await eyesOf(ctx, other);
    ctx.publish.toWatchers(person.id, "user_status_changed", eyes.presence(person), (key) => key === other.key);
  }
}
