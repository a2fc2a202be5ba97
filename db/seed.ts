import { and, eq, gte, lt, sql } from "drizzle-orm";
import { issueAccessToken } from "../src/server/accounts/access-token.ts";
import type { Context } from "../src/server/context.ts";
import { inBatches, openBulk } from "./seed/bulk.ts";
import { addConversations } from "./seed/conversations.ts";
import { addPeople, type SeededPerson } from "./seed/people.ts";
import { Random } from "./seed/random.ts";
import { addRooms, type SeededRoom } from "./seed/rooms.ts";

const historyMs = 30 * 86_400_000;
/** Most people have read all or nearly all; nobody is further behind than this. */
const unreadMax = 60;

export interface SeedOptions {
  users: number;
  rooms: number;
  messages: number;
  /** Of the password that all these people share. */
  passwordHash: string;
  /** The same number makes the same names and conversations. */
  randomSeed: number;
  /** Of all rows to be written. */
  onProgress(done: number, total: number): void;
}

/**
 * Fills the database with people, rooms and conversations, in bulk; numbers, counters and cursors are as if all had been
 * sent. Nobody else may write meanwhile. Gives the new people.
 */
export async function seed(ctx: Context, options: SeedOptions): Promise<SeededPerson[]> {
  const random = new Random(options.randomSeed);
  const bulk = openBulk(ctx.db);
  const total = options.users + options.rooms + options.messages;
  const toMs = ctx.clock.now();
  const fromMs = toMs - historyMs;
  try {
    const { passwordHash } = options;
    const people = await addPeople(ctx, bulk, random, { count: options.users, passwordHash, untilMs: fromMs });
    options.onProgress(options.users, total);
    const rooms = await addRooms(ctx, bulk, random, { count: options.rooms, people, createdAt: fromMs });
    const done = options.users + rooms.length;
    options.onProgress(done, total);
    const lobby = await lobbyOf(ctx, people);
    await addConversations(bulk, random, [lobby, ...rooms], { count: options.messages, fromMs, toMs }, (messages) =>
      options.onProgress(done + messages, total),
    );
    await moveCursors(ctx, people, rooms, lobby);
    options.onProgress(total, total);
    return people;
  } finally {
    await bulk.close();
  }
}

async function lobbyOf(ctx: Context, members: readonly SeededPerson[]): Promise<SeededRoom> {
  const { rooms } = ctx.db.tables;
  const [row] = await ctx.db.read.select().from(rooms).where(eq(rooms.is_lobby, true)).limit(1);
  if (!row) throw new Error("the database has no lobby");
  return { key: row.key, language: "en", members, lastSeq: row.last_seq, rev: row.rev };
}

/** Everybody has received everything, and has read to a different place near the end. */
async function moveCursors(
  ctx: Context,
  people: readonly SeededPerson[],
  seeded: readonly SeededRoom[],
  lobby: SeededRoom,
): Promise<void> {
  const { members, rooms, users } = ctx.db.tables;
  const behind = (seq: ReturnType<typeof sql>, spread: ReturnType<typeof sql>) =>
    sql`CASE WHEN ${spread} < ${unreadMax} AND ${seq} > ${spread} THEN ${seq} - ${spread} ELSE ${seq} END`;
  const [firstRoom, firstPerson] = [seeded[0], people[0]];
  await ctx.db.write(async (tx) => {
    if (firstRoom) {
      const lastSeq = sql`(SELECT ${rooms.last_seq} FROM ${rooms} WHERE ${rooms.key} = ${members.room_key})`;
      const spread = sql`((${members.user_key} * 31 + ${members.room_key} * 7) % ${unreadMax * 2})`;
      await tx
        .update(members)
        .set({ read_seq: behind(lastSeq, spread), delivered_seq: lastSeq })
        .where(and(gte(members.room_key, firstRoom.key), lt(members.room_key, firstRoom.key + seeded.length)));
    }
    if (firstPerson) {
      const spread = sql`((${users.key} * 31) % ${unreadMax * 2})`;
      await tx
        .update(users)
        .set({ lobby_from_seq: behind(sql`${lobby.lastSeq}`, spread) })
        .where(and(gte(users.key, firstPerson.key), lt(users.key, firstPerson.key + people.length)));
    }
  });
}

export interface SignedInPerson {
  user_id: string;
  username: string;
  token: string;
}

/** Signs people in, as `device`: a session in the database and an access token for each, handed over in parts. */
export async function signInAll(
  ctx: Context,
  people: readonly SeededPerson[],
  device: string,
  onTokens: (part: SignedInPerson[]) => Promise<void>,
): Promise<void> {
  const bulk = openBulk(ctx.db);
  const now = ctx.clock.now();
  try {
    await inBatches(people.length, async (from, to) => {
      const part = people.slice(from, to).map((person) => ({ ...person, sessionId: Bun.randomUUIDv7() }));
      const sessions = part.map(({ key, sessionId }) => ({
        id: sessionId,
        user_key: key,
        device_name: device,
        ip: "",
        generation: 0,
        rotated_at: now,
        created_at: now,
        last_used_at: now,
        expires_at: now + Math.max(ctx.config.refreshTokenTtlMs, ctx.config.accessTokenTtlMs),
      }));
      await bulk.commit({ sessions });
      await onTokens(
        await Promise.all(
          part.map(async ({ id, username, sessionId }) => {
            const { token } = await issueAccessToken(ctx, { userId: id, sessionId });
            return { user_id: id, username, token };
          }),
        ),
      );
    });
  } finally {
    await bulk.close();
  }
}
