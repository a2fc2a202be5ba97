import { appendFileSync } from "node:fs";
import { z } from "zod";
import { inBatches, openBulk } from "../db/seed/bulk.ts";
import { addPeople, type SeededPerson } from "../db/seed/people.ts";
import { Random } from "../db/seed/random.ts";
import { signInAll } from "../db/seed.ts";
import { withContext } from "../src/commands/with-context.ts";
import type { Context } from "../src/server/context.ts";
import { roomsOf, type WorldPlan } from "./world-plan.ts";

/**
 * Fills an empty database (`DATA_DIR`, `DATABASE_URL`) with people who are signed in and sit in rooms of one size, and
 * writes their seats to a file. A process of its own: `bun bench/world.ts PLAN FILE`.
 */
const [planText = "", seatsFile = ""] = process.argv.slice(2);
const plan: WorldPlan = z
  .object({ people: z.number(), roomSize: z.number(), roomsEach: z.number() })
  .parse(JSON.parse(planText));

await withContext(async (ctx) => {
  const bulk = openBulk(ctx.db);
  try {
    const passwordHash = "nobody signs in with a password here";
    const untilMs = ctx.clock.now();
    const people = await addPeople(ctx, bulk, new Random(1), { count: plan.people, passwordHash, untilMs });
    const roomIds = await addRooms(ctx, people);
    let index = 0;
    await signInAll(ctx, people, "bench", async (part) => {
      const seats = part.map((person) => ({
        ...person,
        rooms: roomsOf(plan, index++).map((room) => roomIds[room]),
      }));
      appendFileSync(seatsFile, seats.map((seat) => `${JSON.stringify(seat)}\n`).join(""));
    });
  } finally {
    await bulk.close();
  }
});

async function addRooms(ctx: Context, people: readonly SeededPerson[]): Promise<string[]> {
  const bulk = openBulk(ctx.db);
  const membersOf: SeededPerson[][] = [];
  for (const [index, person] of people.entries()) {
    for (const room of roomsOf(plan, index)) (membersOf[room] ??= []).push(person);
  }
  const firstKey = await bulk.reserve("rooms", membersOf.length);
  const ids = membersOf.map(() => Bun.randomUUIDv7());
  const createdAt = ctx.clock.now();
  const size = Math.max(1, Math.floor(10_000 / plan.roomSize));
  await inBatches(
    membersOf.length,
    (from, to) =>
      bulk.commit({
        rooms: ids.slice(from, to).map((id, index) => {
          const number = from + index;
          const name = `Room ${number}`;
          const people = membersOf[number] ?? [];
          return {
            key: firstKey + number,
            id,
            type: "private" as const,
            is_lobby: false,
            name,
            name_lower: name.toLowerCase(),
            description: "",
            owner_key: people[0]?.key ?? null,
            created_by_key: people[0]?.key ?? null,
            max_members: null,
            slow_mode_s: 0,
            member_count: people.length,
            last_seq: 0,
            rev: 1,
            settings_rev: 1,
            created_at: createdAt,
          };
        }),
        members: membersOf.slice(from, to).flatMap((people, index) =>
          people.map(({ key }, place) => ({
            room_key: firstKey + from + index,
            user_key: key,
            role: place === 0 ? ("owner" as const) : ("member" as const),
            is_active: true,
            read_seq: 0,
            delivered_seq: 0,
            rev: 1,
            joined_at: createdAt,
          })),
        ),
      }),
    size,
  );
  await bulk.close();
  return ids;
}
