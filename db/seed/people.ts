import type { Context } from "../../src/server/context.ts";
import { nameColumns, usernameSkeleton } from "../../src/server/accounts/names.ts";
import { type Bulk, inBatches } from "./bulk.ts";
import { inventName, languages, numbered } from "./names.ts";
import type { Random } from "./random.ts";

const dayMs = 86_400_000;

export interface SeededPerson {
  id: string;
  key: number;
  username: string;
}

/** Makes people in three languages, who have been here for up to a year before `untilMs`. */
export async function addPeople(
  ctx: Context,
  bulk: Bulk,
  random: Random,
  { count, passwordHash, untilMs }: { count: number; passwordHash: string; untilMs: number },
): Promise<SeededPerson[]> {
  const { users } = ctx.db.tables;
  const known = await ctx.db.read.select({ skeleton: users.username_skeleton }).from(users);
  const taken = new Set(known.map(({ skeleton }) => skeleton));
  /** How often each name was given out, so that the thousandth need not try all the numbers before it. */
  const given = new Map<string, number>();
  const firstKey = await bulk.reserve("users", count);
  const people: SeededPerson[] = [];
  await inBatches(count, async (from, to) => {
    const rows = [];
    for (let index = from; index < to; index++) {
      const { username: wanted, displayName } = inventName(random, languages[index % languages.length] ?? "en");
      let number = given.get(wanted) ?? 0;
      let username: string;
      do username = number++ === 0 ? wanted : numbered(wanted, number);
      while (taken.has(usernameSkeleton(username)));
      given.set(wanted, number);
      taken.add(usernameSkeleton(username));
      const createdAt = untilMs - random.below(365 * dayMs);
      const id = Bun.randomUUIDv7("hex", createdAt);
      const key = firstKey + index;
      people.push({ id, key, username });
      rows.push({
        key,
        id,
        ...nameColumns(username, displayName),
        email_verified: false,
        password_hash: passwordHash,
        role: "user" as const,
        bio: "",
        status_text: "",
        privacy: "{}",
        lobby_from_seq: 0,
        created_at: createdAt,
      });
    }
    await bulk.commit({ users: rows });
  });
  return people;
}
