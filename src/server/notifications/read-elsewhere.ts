import { and, eq, inArray, isNotNull, isNull, ne } from "drizzle-orm";
import { perContext, type Context } from "../context.ts";
import { jsonNumbers } from "../platform/db/json-rows.ts";
import { presence } from "../presence/presence.ts";
import { pendingCursor } from "../timeline/cursors.ts";
import { noter } from "./noter.ts";

/** A message may concern hundreds who are here. */
const gatherMs = 50;

/** People whom another node has told something that they may have read here before it was stored. */
class ReadHere {
  #userKeys = new Set<number>();
  #runs = 0;

  constructor(private readonly ctx: Context) {}

  look(userKey: number): void {
    const { clock, jobs } = this.ctx;
    if (presence(this.ctx).get(userKey)?.here === undefined) return;
    this.#userKeys.add(userKey);
    if (this.#userKeys.size > 1) return;
    clock.after(gatherMs, () => {
      const userKeys = [...this.#userKeys];
      this.#userKeys = new Set();
      const work = async () => noter(this.ctx).markRead(await readBefore(this.ctx, userKeys));
      void jobs.run(`notifications read here ${++this.#runs}`, () => noter(this.ctx).soon(work));
    });
  }
}

const readHere = perContext((ctx) => new ReadHere(ctx));

/**
 * Somebody was told something by another node. It counted as unread when that looked at how far they have read; what they
 * read on this node may not have been in the database yet.
 */
export function lookWhetherRead(ctx: Context, userKey: number): void {
  readHere(ctx).look(userKey);
}

/** Of what these people have not read, that which tells of places up to where they have read. */
async function readBefore(ctx: Context, userKeys: readonly number[]) {
  const { notifications, members } = ctx.db.tables;
  const rows = await ctx.db.read
    .select({
      key: notifications.key,
      id: notifications.id,
      user_key: notifications.user_key,
      roomKey: notifications.room_key,
      seq: notifications.seq,
      readSeq: members.read_seq,
    })
    .from(notifications)
    .leftJoin(members, and(eq(members.room_key, notifications.room_key), eq(members.user_key, notifications.user_key)))
    .where(
      and(
        inArray(notifications.user_key, jsonNumbers(ctx.db, userKeys)),
        isNull(notifications.read_at),
        isNotNull(notifications.seq),
        // It comes to an old message.
        ne(notifications.kind, "reaction"),
      ),
    );
  return rows.filter(({ user_key, roomKey, seq, readSeq }) => {
    if (roomKey === null || seq === null) return false;
    return seq <= Math.max(readSeq ?? 0, pendingCursor(ctx, roomKey, user_key)?.readSeq ?? 0);
  });
}
