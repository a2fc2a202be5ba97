import { and, count, desc, eq, gt, isNotNull, isNull, or, sql } from "drizzle-orm";
import type { Context } from "../context.ts";
import type { Queries, Tables } from "../platform/db/database.ts";
import type { MemberRow } from "./store.ts";

export type BanRow = Tables["bans"]["$inferSelect"];

/** A ban that has not run out. */
export async function activeBan(
  ctx: Context,
  queries: Queries,
  roomKey: number,
  userKey: number,
): Promise<BanRow | undefined> {
  const { bans } = ctx.db.tables;
  const [row] = await queries
    .select()
    .from(bans)
    .where(and(eq(bans.room_key, roomKey), eq(bans.user_key, userKey), holds(ctx)));
  return row;
}

/** Which of a room's bans hold now. */
function holds(ctx: Context) {
  const { bans } = ctx.db.tables;
  return or(isNull(bans.until), gt(bans.until, ctx.clock.now()));
}

/** Everybody who is banned from a room now. */
export async function banTimes(
  ctx: Context,
  roomKey: number,
  queries: Queries = ctx.db.read,
): Promise<{ userKey: number; until: number | null }[]> {
  const { bans } = ctx.db.tables;
  return queries
    .select({ userKey: bans.user_key, until: bans.until })
    .from(bans)
    .where(and(eq(bans.room_key, roomKey), holds(ctx)));
}

/** A page of the bans that hold, the newest first. */
export async function banPage(
  ctx: Context,
  roomKey: number,
  { limit, offset }: { limit: number; offset: number },
): Promise<{ rows: BanRow[]; total: number }> {
  const { bans } = ctx.db.tables;
  const wanted = and(eq(bans.room_key, roomKey), holds(ctx));
  const rows = await ctx.db.read
    .select()
    .from(bans)
    .where(wanted)
    .orderBy(desc(bans.created_at), desc(bans.user_key))
    .limit(limit)
    .offset(offset);
  const [counted] = await ctx.db.read.select({ total: count() }).from(bans).where(wanted);
  return { rows, total: counted?.total ?? 0 };
}

/** Bans somebody, or bans them anew. */
export async function putBan(ctx: Context, tx: Queries, row: BanRow): Promise<void> {
  const { room_key: _room, user_key: _user, ...values } = row;
  const { bans } = ctx.db.tables;
  await tx
    .insert(bans)
    .values(row)
    .onConflictDoUpdate({ target: [bans.room_key, bans.user_key], set: values });
}

/** Ends a ban; false: there was none, or it had run out by itself. */
export async function deleteBan(ctx: Context, tx: Queries, roomKey: number, userKey: number): Promise<boolean> {
  const { bans } = ctx.db.tables;
  const ban = await activeBan(ctx, tx, roomKey, userKey);
  await tx.delete(bans).where(and(eq(bans.room_key, roomKey), eq(bans.user_key, userKey)));
  return ban !== undefined;
}

/** Somebody's messages in a room up to `uptoSeq` are to be deleted, bit by bit (`messages/purge`). */
export async function requestPurge(
  ctx: Context,
  tx: Queries,
  row: Tables["message_purges"]["$inferSelect"],
): Promise<void> {
  const { message_purges } = ctx.db.tables;
  await tx
    .insert(message_purges)
    .values(row)
    .onConflictDoUpdate({
      target: [message_purges.room_key, message_purges.user_key],
      set: { upto_seq: row.upto_seq },
    });
}

/** Whose muting in a room is remembered, also where it has run out. */
export async function mutedMembers(
  ctx: Context,
  roomKey: number,
): Promise<{ userKey: number; mutedUntil: number | null }[]> {
  const { members } = ctx.db.tables;
  return ctx.db.read
    .select({ userKey: members.user_key, mutedUntil: members.muted_until })
    .from(members)
    .where(and(eq(members.room_key, roomKey), isNotNull(members.muted_until)));
}

/** Mutes a member of the lobby, who may have no row there yet. */
export async function muteInLobby(
  ctx: Context,
  tx: Queries,
  row: Pick<MemberRow, "room_key" | "user_key" | "read_seq" | "joined_at" | "muted_until" | "rev">,
): Promise<MemberRow> {
  const { members } = ctx.db.tables;
  const [stored] = await tx
    .insert(members)
    .values({ ...row, role: "member", is_active: true, delivered_seq: row.read_seq })
    .onConflictDoUpdate({
      target: [members.room_key, members.user_key],
      set: { muted_until: sql`excluded.muted_until`, rev: sql`excluded.rev`, joined_at: sql`excluded.joined_at` },
    })
    .returning();
  if (!stored) throw new Error("the database gave no row for a muted member");
  return stored;
}
