import { and, count, desc, eq, getTableColumns, gt, inArray, isNull, lt, ne, or, sql, type SQL } from "drizzle-orm";
import type { SQLiteColumn } from "drizzle-orm/sqlite-core";
import { idPattern } from "../../protocol/text.ts";
import type { Context } from "../context.ts";
import type { Database, Queries, Tables } from "../platform/db/database.ts";
import { asJson, jsonNumbers } from "../platform/db/json-rows.ts";

/** The SQL of accounts and invitations. What writes takes the transaction. */

export type UserRow = Tables["users"]["$inferSelect"];
export type NewUser = Tables["users"]["$inferInsert"];

type Db = Pick<Context, "db">;

async function userWhere({ db }: Db, where: SQL): Promise<UserRow | undefined> {
  const { users } = db.tables;
  const [row] = await db.read
    .select()
    .from(users)
    .where(and(where, isNull(users.deleted_at)));
  return row;
}

const usernamePattern = /^[A-Za-z0-9_.-]+$/;
const emailPattern = /^[\x21-\x7e]+$/;
const nobody = Promise.resolve(undefined);

/** Accounts that were not deleted. What cannot be a name is not asked for: Postgres refuses some texts as such. */
export const findUser = {
  byKey: (ctx: Db, key: number) => userWhere(ctx, eq(ctx.db.tables.users.key, key)),
  byKeys: async ({ db }: Db, keys: readonly number[]): Promise<UserRow[]> => {
    const { users } = db.tables;
    const { cell, rowsIn } = asJson(db, getTableColumns(users));
    const found = await db.read
      .select({ cell })
      .from(users)
      .where(and(inArray(users.key, jsonNumbers(db, keys)), isNull(users.deleted_at)));
    return rowsIn(found);
  },
  byId: (ctx: Db, id: string) => (idPattern.test(id) ? userWhere(ctx, eq(ctx.db.tables.users.id, id)) : nobody),
  byUsername: (ctx: Db, username: string) =>
    usernamePattern.test(username)
      ? userWhere(ctx, eq(ctx.db.tables.users.username_lower, username.toLowerCase()))
      : nobody,
  bySkeleton: (ctx: Db, skeleton: string) => userWhere(ctx, eq(ctx.db.tables.users.username_skeleton, skeleton)),
  byEmail: (ctx: Db, email: string) =>
    emailPattern.test(email) ? userWhere(ctx, eq(ctx.db.tables.users.email, email.toLowerCase())) : nobody,
};

export async function insertUser({ db }: Db, tx: Queries, user: NewUser): Promise<UserRow> {
  const [row] = await tx.insert(db.tables.users).values(user).returning();
  if (!row) throw new Error("a user was inserted and not returned");
  return row;
}

/** Changes an account that was not deleted, if `only` holds of it; `undefined` otherwise. */
export async function updateUser(
  { db }: Db,
  tx: Queries,
  key: number,
  change: Partial<NewUser>,
  only?: SQL,
): Promise<UserRow | undefined> {
  const { users } = db.tables;
  const [row] = await tx
    .update(users)
    .set(change)
    .where(and(eq(users.key, key), isNull(users.deleted_at), only))
    .returning();
  return row;
}

/** Whether somebody can administrate already. */
export async function hasAdmin(queries: Queries, { users }: Tables): Promise<boolean> {
  const rows = await queries
    .select({ key: users.key })
    .from(users)
    .where(and(eq(users.role, "admin"), isNull(users.disabled_at), isNull(users.deleted_at)))
    .limit(1);
  return rows.length > 0;
}

/** Where the lobby stands: a new account's unread count starts there. */
export async function lobbySeq({ db }: Db, tx: Queries): Promise<number> {
  const { rooms } = db.tables;
  const [lobby] = await tx.select({ seq: rooms.last_seq }).from(rooms).where(eq(rooms.is_lobby, true)).limit(1);
  return lobby?.seq ?? 0;
}

/** Whether a room that the person owns would be left with other members and nobody to own it. */
export async function ownsRoomWithOthers({ db }: Db, tx: Queries, key: number): Promise<boolean> {
  const { rooms } = db.tables;
  const rows = await tx
    .select({ key: rooms.key })
    .from(rooms)
    .where(and(eq(rooms.owner_key, key), isNull(rooms.deleted_at), gt(rooms.member_count, 1)))
    .limit(1);
  return rows.length > 0;
}

/** A search that finds more than this by one kind of name stops there: nobody turns that many pages. */
const matchesMax = 1_000;

/**
 * Bytes order names here, so that a prefix is a range of an index: on Postgres, which orders text by the database's
 * language, with operators of their own, and indexes for them.
 */
function namesFrom(db: Database, column: SQLiteColumn, prefix: string): { condition: SQL; order: SQL } {
  const end = `${prefix}\u{10FFFF}`;
  return db.dialect === "libsql"
    ? { condition: sql`(${column} >= ${prefix} AND ${column} < ${end})`, order: sql`${column}` }
    : { condition: sql`(${column} ~>=~ ${prefix} AND ${column} ~<~ ${end})`, order: sql`${column} USING ~<~` };
}

/** People by the beginning of a name, or by their whole address; an exact user name first. */
export async function searchUsers(
  { db }: Db,
  { text, page, per_page }: { text: string; page: number; per_page: number },
): Promise<{ rows: UserRow[]; total: number }> {
  const { users } = db.tables;
  // Each is cut off by itself, hence in parentheses of its own. All at once, by OR, would be looked for in every row.
  const matches = (condition: SQL, order: SQL) =>
    sql`SELECT key FROM (SELECT ${users.key} AS key FROM ${users} WHERE ${condition} AND ${users.deleted_at} IS NULL
      AND ${users.disabled_at} IS NULL ORDER BY ${order} LIMIT ${matchesMax}) AS found`;
  const named = (column: SQLiteColumn) => {
    const { condition, order } = namesFrom(db, column, text);
    return matches(condition, order);
  };
  const found = sql`(${named(users.username_lower)} UNION ${named(users.display_name_lower)}
    UNION ${matches(sql`${users.email} = ${text}`, sql`${users.key}`)})`;
  const [counted] = await db.read.select({ total: count() }).from(sql`${found} AS found`);
  const rows = await db.read
    .select()
    .from(users)
    .where(sql`${users.key} IN ${found}`)
    .orderBy(desc(sql`${users.username_lower} = ${text}`), users.username_lower, users.key)
    .limit(per_page)
    .offset((page - 1) * per_page);
  return { rows, total: counted?.total ?? 0 };
}

export async function listUsers({ db }: Db): Promise<UserRow[]> {
  const { users } = db.tables;
  return db.read.select().from(users).where(isNull(users.deleted_at)).orderBy(users.key);
}

const inviteCodePattern = /^[\w-]+$/;

/** An invitation that can still be used. */
function isUsable({ registration_invites: invites }: Tables, code: string, now: number): SQL | undefined {
  return and(
    eq(invites.code, code),
    or(isNull(invites.expires_at), gt(invites.expires_at, now)),
    or(isNull(invites.max_uses), lt(invites.uses, invites.max_uses)),
  );
}

export async function isInviteUsable({ db }: Db, code: string, now: number): Promise<boolean> {
  if (!inviteCodePattern.test(code)) return false;
  const invites = db.tables.registration_invites;
  const rows = await db.read
    .select({ code: invites.code })
    .from(invites)
    .where(isUsable(db.tables, code, now));
  return rows.length > 0;
}

/** Counts one use of an invitation; false when there is none left. */
export async function consumeInvite({ db }: Db, tx: Queries, code: string, now: number): Promise<boolean> {
  const invites = db.tables.registration_invites;
  const rows = await tx
    .update(invites)
    .set({ uses: sql`${invites.uses} + 1` })
    .where(isUsable(db.tables, code, now))
    .returning({ code: invites.code });
  return rows.length > 0;
}

export type InviteRow = Tables["registration_invites"]["$inferSelect"];

export async function insertInvite({ db }: Db, tx: Queries, invite: InviteRow): Promise<void> {
  await tx.insert(db.tables.registration_invites).values(invite);
}

export async function listInvites(
  { db }: Db,
  { page, per_page }: { page: number; per_page: number },
): Promise<{ rows: InviteRow[]; total: number }> {
  const invites = db.tables.registration_invites;
  const [found] = await db.read.select({ total: count() }).from(invites);
  const rows = await db.read
    .select()
    .from(invites)
    .orderBy(desc(invites.created_at), invites.code)
    .limit(per_page)
    .offset((page - 1) * per_page);
  return { rows, total: found?.total ?? 0 };
}

export async function deleteInvite({ db }: Db, tx: Queries, code: string): Promise<boolean> {
  if (!inviteCodePattern.test(code)) return false;
  const invites = db.tables.registration_invites;
  const rows = await tx.delete(invites).where(eq(invites.code, code)).returning({ code: invites.code });
  return rows.length > 0;
}

/** Takes an address away from whoever has it without having verified it. */
export async function releaseEmail({ db }: Db, tx: Queries, email: string, exceptKey: number): Promise<UserRow[]> {
  const { users } = db.tables;
  return tx
    .update(users)
    .set({ email: null })
    .where(and(eq(users.email, email), eq(users.email_verified, false), ne(users.key, exceptKey)))
    .returning();
}
