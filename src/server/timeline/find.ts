import { and, asc, desc, eq, gt, inArray, lt } from "drizzle-orm";
import { idPattern } from "../../protocol/text.ts";
import type { Context } from "../context.ts";
import { jsonTexts } from "../platform/db/json-rows.ts";
import type { StoredMessage } from "./append.ts";
import type { ReadFrom } from "./on-replica.ts";

/** A message of a room by its id; what is no id names none, and never reaches the database. */
export async function messageById(ctx: ReadFrom, roomKey: number, id: string): Promise<StoredMessage | undefined> {
  if (!idPattern.test(id)) return undefined;
  const { messages } = ctx.db.tables;
  const [row] = await ctx.db.read
    .select()
    .from(messages)
    .where(and(eq(messages.id, id), eq(messages.room_key, roomKey)));
  return row;
}

/** A message of whatever room; what is no id names none, and never reaches the database. */
export async function messageAnywhere(ctx: Context, id: string): Promise<StoredMessage | undefined> {
  if (!idPattern.test(id)) return undefined;
  const { messages } = ctx.db.tables;
  const [row] = await ctx.db.read.select().from(messages).where(eq(messages.id, id));
  return row;
}

/** Messages of any rooms, by id. */
export async function messagesById(ctx: Context, ids: readonly string[]): Promise<Map<string, StoredMessage>> {
  const { messages } = ctx.db.tables;
  if (ids.length === 0) return new Map();
  const rows = await ctx.db.read
    .select()
    .from(messages)
    .where(inArray(messages.id, jsonTexts(ctx.db, [...new Set(ids)])));
  return new Map(rows.map((row) => [row.id, row]));
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

/** Up to `limit` messages on one side of `seq` and after `floor`, oldest first. */
export async function page(
  ctx: ReadFrom,
  roomKey: number,
  from: { before: number } | { after: number },
  limit: number,
  floor = 0,
): Promise<StoredMessage[]> {
  const { messages } = ctx.db.tables;
  const older = "before" in from;
  const rows = await ctx.db.read
    .select()
    .from(messages)
    .where(
      and(
        eq(messages.room_key, roomKey),
        older
          ? and(lt(messages.seq, from.before), floor > 0 ? gt(messages.seq, floor) : undefined)
          : gt(messages.seq, Math.max(from.after, floor)),
      ),
    )
    .orderBy(older ? desc(messages.seq) : asc(messages.seq))
    .limit(limit);
  return older ? rows.reverse() : rows;
}
