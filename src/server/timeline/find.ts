import { and, asc, desc, eq, gt, lt } from "drizzle-orm";
import type { Context } from "../context.ts";
import type { StoredMessage } from "./append.ts";

/** A message of a room by its id. */
export async function messageById(ctx: Context, roomKey: number, id: string): Promise<StoredMessage | undefined> {
  const { messages } = ctx.db.tables;
  const [row] = await ctx.db.read
    .select()
    .from(messages)
    .where(and(eq(messages.id, id), eq(messages.room_key, roomKey)));
  return row;
}

/** The original of a send. */
export async function messageByClientId(ctx: Context, senderKey: number, clientId: string) {
  const { messages } = ctx.db.tables;
  const [row] = await ctx.db.read
    .select()
    .from(messages)
    .where(and(eq(messages.client_id, clientId), eq(messages.sender_key, senderKey)));
  return row;
}

/** Up to `limit` messages on one side of `seq`, oldest first. */
export async function page(
  ctx: Context,
  roomKey: number,
  from: { before: number } | { after: number },
  limit: number,
): Promise<StoredMessage[]> {
  const { messages } = ctx.db.tables;
  const older = "before" in from;
  const rows = await ctx.db.read
    .select()
    .from(messages)
    .where(and(eq(messages.room_key, roomKey), older ? lt(messages.seq, from.before) : gt(messages.seq, from.after)))
    .orderBy(older ? desc(messages.seq) : asc(messages.seq))
    .limit(limit);
  return older ? rows.reverse() : rows;
}
