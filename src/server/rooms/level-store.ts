import { and, eq } from "drizzle-orm";
import type { Context } from "../context.ts";
import type { Queries } from "../platform/db/database.ts";
import type { RoomRow } from "./directory.ts";
import type { MemberRow } from "./store.ts";

/** A member's level. In the lobby, whose members have no row until one is needed, it is made; gives whether there is one. */
export async function storeNotifyLevel(
  ctx: Context,
  tx: Queries,
  room: Pick<RoomRow, "key" | "is_lobby">,
  userKey: number,
  level: MemberRow["notify_level"],
  readSeq: number,
): Promise<boolean> {
  const { members } = ctx.db.tables;
  if (!room.is_lobby) {
    const changed = await tx
      .update(members)
      .set({ notify_level: level })
      .where(and(eq(members.room_key, room.key), eq(members.user_key, userKey), eq(members.is_active, true)))
      .returning({ key: members.user_key });
    return changed.length > 0;
  }
  const cursors = { read_seq: readSeq, delivered_seq: readSeq };
  const row = { room_key: room.key, user_key: userKey, role: "member" as const, is_active: true, ...cursors };
  await tx
    .insert(members)
    .values({ ...row, rev: 0, joined_at: ctx.clock.now(), notify_level: level })
    .onConflictDoUpdate({ target: [members.room_key, members.user_key], set: { notify_level: level } });
  return true;
}
