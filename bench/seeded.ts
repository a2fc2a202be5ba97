import { writeFileSync } from "node:fs";
import { and, eq, gte } from "drizzle-orm";
import { z } from "zod";
import { Random } from "../db/seed/random.ts";
import { seed, signInAll } from "../db/seed.ts";
import { withContext } from "../src/commands/with-context.ts";
import type { Context } from "../src/server/context.ts";
import { catchUp } from "../src/server/search/indexer.ts";
import type { SeededPlan, SeededWorld } from "./seeded-plan.ts";

/**
 * Adds the believable world of `parley seed` to a database (`DATA_DIR`, `DATABASE_URL`), with everybody signed in, and
 * writes down places in its history. Progress goes to standard output. A process of its own:
 * `bun bench/seeded.ts PLAN FILE`.
 */
const [planText = "", file = ""] = process.argv.slice(2);
const plan: SeededPlan = z
  .object({ users: z.number(), rooms: z.number(), messages: z.number(), places: z.number() })
  .parse(JSON.parse(planText));

await withContext(async (ctx) => {
  let shown = 0;
  const onProgress = (done: number, total: number) => {
    const tenths = Math.floor((done * 10) / total);
    if (tenths > shown) console.log(JSON.stringify({ progress: `${(shown = tenths) * 10} % seeded` }));
  };
  const passwordHash = "nobody signs in with a password here";
  const people = await seed(ctx, { ...plan, passwordHash, randomSeed: 1, onProgress });
  const tokens = new Map<string, string>();
  await signInAll(ctx, people, "bench", async (part) => {
    for (const { user_id, token } of part) tokens.set(user_id, token);
  });
  const startedMs = performance.now();
  await index(ctx);
  const indexedS = (performance.now() - startedMs) / 1_000;
  const world: SeededWorld = { tokens: [...tokens.values()], places: await places(ctx, tokens), indexedS };
  writeFileSync(file, JSON.stringify(world));
});
console.log(JSON.stringify({ done: true }));

/** Brings the seeded messages into the search index, as the server would do at its start, in everybody's way. */
async function index(ctx: Context): Promise<void> {
  const timer = setInterval(async () => {
    const [behind] = (await ctx.metrics.searchBehind.get()).values;
    console.log(JSON.stringify({ progress: `${behind?.value} not yet in the search index` }));
  }, 10_000);
  await catchUp(ctx);
  clearInterval(timer);
}

/** Random messages of rooms that have at least three pages, each with somebody who may read it. */
async function places(ctx: Context, tokens: ReadonlyMap<string, string>): Promise<SeededWorld["places"]> {
  const { members, messages, rooms, users } = ctx.db.tables;
  const random = new Random(2);
  const large = await ctx.db.read.select().from(rooms).where(gte(rooms.last_seq, 150));
  const readers = new Map<number, string[]>();
  const joined = await ctx.db.read
    .select({ room: members.room_key, id: users.id })
    .from(members)
    .innerJoin(users, eq(users.key, members.user_key));
  for (const { room, id } of joined) {
    const token = tokens.get(id);
    if (token !== undefined) readers.set(room, [...(readers.get(room) ?? []), token]);
  }
  const found: SeededWorld["places"] = [];
  const at = async (room_key: number, seq: number) => {
    const where = and(eq(messages.room_key, room_key), eq(messages.seq, seq));
    const [row] = await ctx.db.read.select({ id: messages.id }).from(messages).where(where);
    if (!row) throw new Error("the history has a gap");
    return row.id;
  };
  while (found.length < plan.places) {
    const room = random.pick(large);
    // Everybody reads the lobby.
    const token = random.pick(room.is_lobby ? [...tokens.values()] : (readers.get(room.key) ?? []));
    found.push({
      room: room.id,
      token,
      first: await at(room.key, 1),
      middle: await at(room.key, 1 + random.below(room.last_seq)),
    });
  }
  return found;
}
