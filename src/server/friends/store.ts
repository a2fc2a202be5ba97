import { and, count, eq, exists, inArray, isNotNull, isNull, or } from "drizzle-orm";
import type { Context } from "../context.ts";
import type { Queries, Tables } from "../platform/db/database.ts";

/** The SQL of friendships, requests and blocks between people. What writes takes the transaction. */

/** Parameters of one statement stay far below what either database takes. */
const keysPerQuery = 500;

type Db = Pick<Context, "db">;
export type RequestRow = Tables["friend_requests"]["$inferSelect"];

/** What is between two people, seen by the first. */
export interface Bond {
  isFriend: boolean;
  outgoing: RequestRow | undefined;
  incoming: RequestRow | undefined;
  hasBlocked: boolean;
  isBlocked: boolean;
}

export async function bondBetween({ db }: Db, queries: Queries, userKey: number, otherKey: number): Promise<Bond> {
  const { friendships, friend_requests, blocks } = db.tables;
  const [friends, requests, blocked] = [
    await queries
      .select({ key: friendships.friend_key })
      .from(friendships)
      .where(and(eq(friendships.user_key, userKey), eq(friendships.friend_key, otherKey))),
    await queries
      .select()
      .from(friend_requests)
      .where(
        or(
          and(eq(friend_requests.from_key, userKey), eq(friend_requests.to_key, otherKey)),
          and(eq(friend_requests.from_key, otherKey), eq(friend_requests.to_key, userKey)),
        ),
      ),
    await queries
      .select({ by: blocks.user_key })
      .from(blocks)
      .where(
        or(
          and(eq(blocks.user_key, userKey), eq(blocks.blocked_key, otherKey)),
          and(eq(blocks.user_key, otherKey), eq(blocks.blocked_key, userKey)),
        ),
      ),
  ];
  return {
    isFriend: friends.length > 0,
    outgoing: requests.find(({ from_key }) => from_key === userKey),
    incoming: requests.find(({ from_key }) => from_key === otherKey),
    hasBlocked: blocked.some(({ by }) => by === userKey),
    isBlocked: blocked.some(({ by }) => by === otherKey),
  };
}

/** Whether the account is there and not disabled: as the database has it, for another process may just have changed it. */
export async function isEnabled({ db }: Db, queries: Queries, userKey: number): Promise<boolean> {
  const { users } = db.tables;
  const rows = await queries
    .select({ key: users.key })
    .from(users)
    .where(and(eq(users.key, userKey), isNull(users.disabled_at), isNull(users.deleted_at)));
  return rows.length > 0;
}

export async function insertRequest({ db }: Db, tx: Queries, request: RequestRow): Promise<void> {
  await tx.insert(db.tables.friend_requests).values(request);
}

export async function requestById({ db }: Db, queries: Queries, id: string): Promise<RequestRow | undefined> {
  const { friend_requests } = db.tables;
  const [row] = await queries.select().from(friend_requests).where(eq(friend_requests.id, id));
  return row;
}

export async function deleteRequest({ db }: Db, tx: Queries, id: string): Promise<void> {
  const { friend_requests } = db.tables;
  await tx.delete(friend_requests).where(eq(friend_requests.id, id));
}

/** How many requests wait that a person has sent, or that they were sent. */
export async function countRequests(
  { db }: Db,
  queries: Queries,
  userKey: number,
  side: "from_key" | "to_key",
): Promise<number> {
  const { friend_requests } = db.tables;
  const [row] = await queries
    .select({ total: count() })
    .from(friend_requests)
    .where(eq(friend_requests[side], userKey));
  return row?.total ?? 0;
}

export async function countFriends({ db }: Db, queries: Queries, userKey: number): Promise<number> {
  const { friendships } = db.tables;
  const [row] = await queries.select({ total: count() }).from(friendships).where(eq(friendships.user_key, userKey));
  return row?.total ?? 0;
}

export async function insertFriends({ db }: Db, tx: Queries, one: number, other: number, at: number): Promise<void> {
  await tx.insert(db.tables.friendships).values([
    { user_key: one, friend_key: other, created_at: at },
    { user_key: other, friend_key: one, created_at: at },
  ]);
}

export async function deleteFriends({ db }: Db, tx: Queries, one: number, other: number): Promise<void> {
  const { friendships } = db.tables;
  await tx
    .delete(friendships)
    .where(
      or(
        and(eq(friendships.user_key, one), eq(friendships.friend_key, other)),
        and(eq(friendships.user_key, other), eq(friendships.friend_key, one)),
      ),
    );
}

export async function countBlocks({ db }: Db, queries: Queries, userKey: number): Promise<number> {
  const { blocks } = db.tables;
  const [row] = await queries.select({ total: count() }).from(blocks).where(eq(blocks.user_key, userKey));
  return row?.total ?? 0;
}

export async function insertBlock({ db }: Db, tx: Queries, block: Tables["blocks"]["$inferInsert"]): Promise<void> {
  await tx.insert(db.tables.blocks).values(block);
}

/** Whether there was one. */
export async function deleteBlock({ db }: Db, tx: Queries, userKey: number, blockedKey: number): Promise<boolean> {
  const { blocks } = db.tables;
  const rows = await tx
    .delete(blocks)
    .where(and(eq(blocks.user_key, userKey), eq(blocks.blocked_key, blockedKey)))
    .returning({ key: blocks.blocked_key });
  return rows.length > 0;
}

/** Ends everything between a person and all others; gives who those are, and the requests that are gone. */
export async function deleteEverythingOf(
  { db }: Db,
  tx: Queries,
  userKey: number,
): Promise<{ otherKeys: Set<number>; requests: RequestRow[]; blocks: Tables["blocks"]["$inferSelect"][] }> {
  const { friendships, friend_requests, blocks } = db.tables;
  const former = await tx.delete(friendships).where(eq(friendships.user_key, userKey)).returning();
  // By the friends' own rows, which an index finds.
  for (let at = 0; at < former.length; at += keysPerQuery) {
    const friends = former.slice(at, at + keysPerQuery).map(({ friend_key }) => friend_key);
    await tx
      .delete(friendships)
      .where(and(inArray(friendships.user_key, friends), eq(friendships.friend_key, userKey)));
  }
  const requests = await tx
    .delete(friend_requests)
    .where(or(eq(friend_requests.from_key, userKey), eq(friend_requests.to_key, userKey)))
    .returning();
  const lifted = await tx
    .delete(blocks)
    .where(or(eq(blocks.user_key, userKey), eq(blocks.blocked_key, userKey)))
    .returning();
  const otherKeys = new Set([
    ...former.map(({ friend_key }) => friend_key),
    ...requests.flatMap(({ from_key, to_key }) => [from_key, to_key]),
    // Whom somebody had blocked who is gone never knew of it.
    ...lifted.map(({ user_key }) => user_key),
  ]);
  otherKeys.delete(userKey);
  return { otherKeys, requests, blocks: lifted };
}

/** Deleted accounts between whom and others something was left: a crash came after the deletion. */
export async function deletedWithBonds({ db }: Db): Promise<number[]> {
  const { users, friendships, friend_requests, blocks } = db.tables;
  const left = [
    db.read.select({ key: friendships.user_key }).from(friendships).where(eq(friendships.user_key, users.key)),
    db.read
      .select({ key: friend_requests.to_key })
      .from(friend_requests)
      .where(or(eq(friend_requests.from_key, users.key), eq(friend_requests.to_key, users.key))),
    db.read
      .select({ key: blocks.user_key })
      .from(blocks)
      .where(or(eq(blocks.user_key, users.key), eq(blocks.blocked_key, users.key))),
  ];
  const rows = await db.read
    .select({ key: users.key })
    .from(users)
    .where(and(isNotNull(users.deleted_at), or(...left.map((query) => exists(query)))));
  return rows.map(({ key }) => key);
}
