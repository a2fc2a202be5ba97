import { and, asc, count, desc, eq, inArray, isNull, type SQL } from "drizzle-orm";
import { perContext, type Context } from "../context.ts";
import type { Tables } from "../platform/db/database.ts";
import { keysGiven } from "../platform/db/json-rows.ts";
import type { RequestRow } from "./store.ts";

/** The SQL of lists: of friends, requests and blocks. */

type Db = Pick<Context, "db">;

interface Page {
  page: number;
  per_page: number;
}

/** People whose account is in use: all others are on no list. */
function isThere({ users }: Tables): SQL | undefined {
  return and(isNull(users.disabled_at), isNull(users.deleted_at));
}

/** Of a person's row what lists show. */
function listedColumns({ users }: Tables) {
  const { key, id, username, display_name, avatar_url, chosen_status, privacy, last_seen_at } = users;
  return { key, id, username, display_name, avatar_url, chosen_status, privacy, last_seen_at };
}

export type ListedPerson = Pick<Tables["users"]["$inferSelect"], keyof ReturnType<typeof listedColumns>>;

/** A person, whatever became of their account. */
export async function listedPerson({ db }: Db, key: number): Promise<ListedPerson | undefined> {
  const { users } = db.tables;
  const [row] = await db.read.select(listedColumns(db.tables)).from(users).where(eq(users.key, key));
  return row;
}

/** A person's friends, by name. */
export async function friendsPage(
  { db }: Db,
  userKey: number,
  { page, per_page }: Page,
): Promise<{ rows: ListedPerson[]; total: number }> {
  const { friendships, users } = db.tables;
  const wanted = and(eq(friendships.user_key, userKey), isThere(db.tables));
  const rows = await db.read
    .select(listedColumns(db.tables))
    .from(friendships)
    .innerJoin(users, eq(users.key, friendships.friend_key))
    .where(wanted)
    .orderBy(asc(users.display_name_lower), asc(users.key))
    .limit(per_page)
    .offset((page - 1) * per_page);
  const [counted] = await db.read
    .select({ total: count() })
    .from(friendships)
    .innerJoin(users, eq(users.key, friendships.friend_key))
    .where(wanted);
  return { rows, total: counted?.total ?? 0 };
}

/** The columns of a request that are one's own side and the other's. */
function sidesOf({ friend_requests }: Tables, direction: "incoming" | "outgoing") {
  const { from_key, to_key } = friend_requests;
  return direction === "incoming" ? { own: to_key, other: from_key } : { own: from_key, other: to_key };
}

export interface ListedRequest {
  request: RequestRow;
  other: ListedPerson;
}

/** The requests that a person has got, or sent, the latest first. */
export async function requestsPage(
  { db }: Db,
  userKey: number,
  direction: "incoming" | "outgoing",
  { page, per_page }: Page,
): Promise<{ rows: ListedRequest[]; total: number }> {
  const { friend_requests, users } = db.tables;
  const { own, other } = sidesOf(db.tables, direction);
  const wanted = and(eq(own, userKey), isThere(db.tables));
  const rows = await db.read
    .select({ request: friend_requests, other: listedColumns(db.tables) })
    .from(friend_requests)
    .innerJoin(users, eq(users.key, other))
    .where(wanted)
    .orderBy(desc(friend_requests.created_at), desc(friend_requests.id))
    .limit(per_page)
    .offset((page - 1) * per_page);
  const [counted] = await db.read
    .select({ total: count() })
    .from(friend_requests)
    .innerJoin(users, eq(users.key, other))
    .where(wanted);
  return { rows, total: counted?.total ?? 0 };
}

/** Whom a person has blocked, the latest first. */
export async function blocksPage(
  { db }: Db,
  userKey: number,
  { page, per_page }: Page,
): Promise<{ rows: ListedPerson[]; total: number }> {
  const { blocks, users } = db.tables;
  const wanted = and(eq(blocks.user_key, userKey), isThere(db.tables));
  const rows = await db.read
    .select(listedColumns(db.tables))
    .from(blocks)
    .innerJoin(users, eq(users.key, blocks.blocked_key))
    .where(wanted)
    .orderBy(desc(blocks.created_at), desc(users.key))
    .limit(per_page)
    .offset((page - 1) * per_page);
  const [counted] = await db.read
    .select({ total: count() })
    .from(blocks)
    .innerJoin(users, eq(users.key, blocks.blocked_key))
    .where(wanted);
  return { rows, total: counted?.total ?? 0 };
}

/** Those of these people who have friends, or requests that wait; of most, who come at once, it is all that is asked. */
export async function relatedAmong(ctx: Context, userKeys: readonly number[]): Promise<number[]> {
  const rows = await related(ctx).execute({ keys: JSON.stringify(userKeys) });
  return rows.map(({ key }) => key);
}

const related = perContext(({ db }) => {
  const { friendships, friend_requests } = db.tables;
  const wanted = keysGiven(db);
  return db.read
    .select({ key: friendships.user_key })
    .from(friendships)
    .where(inArray(friendships.user_key, wanted))
    .union(
      db.read
        .select({ key: friend_requests.to_key })
        .from(friend_requests)
        .where(inArray(friend_requests.to_key, wanted)),
    )
    .union(
      db.read
        .select({ key: friend_requests.from_key })
        .from(friend_requests)
        .where(inArray(friend_requests.from_key, wanted)),
    )
    .prepare();
});

/** Friends and requests of each of these people, in the order of the pages. */
export async function friendsAndRequestsOf({ db }: Db, userKeys: readonly number[]) {
  const { friendships, friend_requests, users } = db.tables;
  const keys = [...userKeys];
  const listed = listedColumns(db.tables);
  const friends = await db.read
    .select({ userKey: friendships.user_key, other: listed })
    .from(friendships)
    .innerJoin(users, eq(users.key, friendships.friend_key))
    .where(and(inArray(friendships.user_key, keys), isThere(db.tables)))
    .orderBy(asc(users.display_name_lower), asc(users.key));
  const requestsTo = (direction: "incoming" | "outgoing") => {
    const { own, other } = sidesOf(db.tables, direction);
    return db.read
      .select({ userKey: own, request: friend_requests, other: listed })
      .from(friend_requests)
      .innerJoin(users, eq(users.key, other))
      .where(and(inArray(own, keys), isThere(db.tables)))
      .orderBy(desc(friend_requests.created_at), desc(friend_requests.id));
  };
  const requests = [...(await requestsTo("incoming")), ...(await requestsTo("outgoing"))];
  return { friends, requests };
}

/** Whom each of these people has blocked, in the order of the pages. */
export async function blockedBy({ db }: Db, userKeys: readonly number[]) {
  const { blocks, users } = db.tables;
  return db.read
    .select({ userKey: blocks.user_key, other: listedColumns(db.tables) })
    .from(blocks)
    .innerJoin(users, eq(users.key, blocks.blocked_key))
    .where(and(inArray(blocks.user_key, [...userKeys]), isThere(db.tables)))
    .orderBy(desc(blocks.created_at), desc(users.key));
}
