import { and, count, desc, eq, gt, isNull, lt, or, sql, type SQL } from "drizzle-orm";
import type { Context } from "../context.ts";
import type { Queries, Tables } from "../platform/db/database.ts";

export type RoomInviteRow = Tables["room_invites"]["$inferSelect"];

/** Which links still open their room. */
function opens(ctx: Context): SQL | undefined {
  const { room_invites } = ctx.db.tables;
  return and(
    or(isNull(room_invites.expires_at), gt(room_invites.expires_at, ctx.clock.now())),
    or(isNull(room_invites.max_uses), lt(room_invites.uses, room_invites.max_uses)),
  );
}

/** Whatever cannot be a code never reaches the database. */
const codePattern = /^[\w-]{1,64}$/;

/** The link, also one that opens nothing any more. */
export async function findInvite(ctx: Context, queries: Queries, code: string): Promise<RoomInviteRow | undefined> {
  if (!codePattern.test(code)) return undefined;
  const { room_invites } = ctx.db.tables;
  const [row] = await queries.select().from(room_invites).where(eq(room_invites.code, code));
  return row;
}

/** A room's links that work, the newest first. */
export async function openInvites(ctx: Context, roomKey: number, limit: number): Promise<RoomInviteRow[]> {
  const { room_invites } = ctx.db.tables;
  return ctx.db.read
    .select()
    .from(room_invites)
    .where(and(eq(room_invites.room_key, roomKey), opens(ctx)))
    .orderBy(desc(room_invites.created_at), desc(room_invites.code))
    .limit(limit);
}

export async function countInvites(ctx: Context, tx: Queries, roomKey: number): Promise<number> {
  const { room_invites } = ctx.db.tables;
  const [row] = await tx.select({ total: count() }).from(room_invites).where(eq(room_invites.room_key, roomKey));
  return row?.total ?? 0;
}

export async function addInvite(ctx: Context, tx: Queries, row: RoomInviteRow): Promise<void> {
  await tx.insert(ctx.db.tables.room_invites).values(row);
}

/** Deletes a room's links that open nothing any more. */
export async function deleteSpentInvites(ctx: Context, tx: Queries, roomKey: number): Promise<void> {
  const { room_invites } = ctx.db.tables;
  await tx.delete(room_invites).where(and(eq(room_invites.room_key, roomKey), sql`NOT ${opens(ctx)}`));
}

/** Deletes one link; false: the room has no such link that works. */
export async function deleteInvite(ctx: Context, tx: Queries, roomKey: number, code: string): Promise<boolean> {
  if (!codePattern.test(code)) return false;
  const { room_invites } = ctx.db.tables;
  const gone = await tx
    .delete(room_invites)
    .where(and(eq(room_invites.code, code), eq(room_invites.room_key, roomKey), opens(ctx)))
    .returning({ code: room_invites.code });
  return gone.length > 0;
}

/** Deletes the links that somebody made. */
export async function deleteInvitesOf(ctx: Context, tx: Queries, roomKey: number, userKey: number): Promise<void> {
  const { room_invites } = ctx.db.tables;
  await tx
    .delete(room_invites)
    .where(and(eq(room_invites.room_key, roomKey), eq(room_invites.created_by_key, userKey)));
}

/** Takes one use of a link; false: it has none left, or its time is over. */
export async function useInvite(ctx: Context, tx: Queries, code: string): Promise<boolean> {
  const { room_invites } = ctx.db.tables;
  const used = await tx
    .update(room_invites)
    .set({ uses: sql`${room_invites.uses} + 1` })
    .where(and(eq(room_invites.code, code), opens(ctx)))
    .returning({ uses: room_invites.uses });
  return used.length > 0;
}
