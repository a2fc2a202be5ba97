import { and, eq } from "drizzle-orm";
import { perContext, type Context } from "../context.ts";
import { RecentMap } from "../platform/cache/recent-map.ts";
import type { Queries } from "../platform/db/database.ts";
import { isUniqueViolation } from "../platform/db/errors.ts";
import { pairOf } from "./direct.ts";
import { admit, announceEntry } from "./entering.ts";
import { insertRoom, lastMessageRow, roomByKey } from "./store.ts";

const rememberedMax = 100_000;

/** The ids of direct rooms by pair: a room of two is never deleted and never becomes another one. */
const known = perContext(() => new RecentMap<string, string>(rememberedMax));

/** The room of two people if it is remembered. */
export function knownDirectRoom(ctx: Context, aKey: number, bKey: number): string | undefined {
  return known(ctx).get(pairOf(aKey, bKey));
}

/** The room of two people; `undefined` before their first message. */
export async function directRoomOf(ctx: Context, aKey: number, bKey: number): Promise<string | undefined> {
  const pair = pairOf(aKey, bKey);
  const remembered = known(ctx).get(pair);
  if (remembered !== undefined) return remembered;
  const { rooms } = ctx.db.tables;
  const [row] = await ctx.db.read.select({ id: rooms.id }).from(rooms).where(eq(rooms.direct_pair, pair));
  if (row) known(ctx).set(pair, row.id);
  return row?.id;
}

/** Has a member see nothing any more of what was said up to now: up to which message, and its id. */
export async function clearMember(
  ctx: Context,
  tx: Queries,
  { key }: { key: number },
  userKey: number,
): Promise<{ seq: number; lastId: string | undefined }> {
  const { members } = ctx.db.tables;
  await ctx.db.lockRooms(tx, [key]);
  const room = await roomByKey(ctx, tx, key);
  const last = room && (await lastMessageRow(ctx, tx, room));
  const seq = last?.seq ?? 0;
  await tx
    .update(members)
    .set({ cleared_seq: seq })
    .where(and(eq(members.room_key, key), eq(members.user_key, userKey)));
  return { seq, lastId: last?.id };
}

/** Makes the room of two people, or finds the one that somebody has made at the same time. */
export async function openDirectRoom(ctx: Context, actorKey: number, peerKey: number): Promise<string> {
  try {
    const admission = await ctx.db.write(async (tx) => {
      const room = await insertRoom(ctx, tx, {
        type: "direct",
        name: "",
        description: "",
        max_members: 2,
        created_by_key: actorKey,
        direct_pair: pairOf(actorKey, peerKey),
      });
      const entries = [actorKey, peerKey].map((userKey) => ({ userKey, role: "member" as const }));
      return admit(ctx, tx, room, entries, []);
    });
    await announceEntry(ctx, admission, { isHeard: false });
    known(ctx).set(pairOf(actorKey, peerKey), admission.room.id);
    return admission.room.id;
  } catch (error) {
    if (!isUniqueViolation(error)) throw error;
    const made = await directRoomOf(ctx, actorKey, peerKey);
    if (made === undefined) throw error;
    return made;
  }
}
