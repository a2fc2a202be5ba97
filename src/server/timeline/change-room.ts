import { eq, sql } from "drizzle-orm";
import type { SystemKind } from "../../protocol/models.ts";
import type { Context } from "../context.ts";
import { AppError } from "../platform/app-error.ts";
import type { Queries } from "../platform/db/database.ts";
import type { StoredMessage } from "./append.ts";

/** A line that tells what happened; the client words it. */
export interface SystemDraft {
  kind: SystemKind;
  actorKey: number;
  targetKey?: number;
  value?: string;
}

/** A system line's `system` column: whom and what it is about; who did it is the row's sender. */
export interface StoredSystem {
  kind: SystemKind;
  target_key?: number;
  value?: string;
}

interface RoomChange {
  /** The room's new `rev`, shared by everything this transaction changes in it. */
  rev: number;
  lines: StoredMessage[];
}

/**
 * Takes the next `rev` of a room inside a verb's transaction and appends its system lines with it. Others who number
 * this room wait until the transaction ends. Throws `ROOM_NOT_FOUND` when the room is gone.
 */
export async function changeRoom(
  ctx: Context,
  tx: Queries,
  roomKey: number,
  change: { lines?: SystemDraft[] } = {},
): Promise<RoomChange> {
  const { db, clock } = ctx;
  const { rooms, messages } = db.tables;
  const drafts = change.lines ?? [];
  await db.lockRooms(tx, [roomKey]);
  const [room] = await tx
    .update(rooms)
    .set({ rev: sql`${rooms.rev} + 1`, last_seq: sql`${rooms.last_seq} + ${drafts.length}` })
    .where(eq(rooms.key, roomKey))
    .returning({ rev: rooms.rev, last_seq: rooms.last_seq, deleted_at: rooms.deleted_at });
  if (!room || room.deleted_at !== null) throw new AppError("ROOM_NOT_FOUND");
  if (drafts.length === 0) return { rev: room.rev, lines: [] };
  const lines = await tx
    .insert(messages)
    .values(
      drafts.map((draft, index) => ({
        id: Bun.randomUUIDv7(),
        room_key: roomKey,
        seq: room.last_seq - drafts.length + 1 + index,
        sender_key: draft.actorKey,
        type: "system" as const,
        content: "",
        system: JSON.stringify({ kind: draft.kind, target_key: draft.targetKey, value: draft.value } satisfies {
          [K in keyof StoredSystem]: StoredSystem[K] | undefined;
        }),
        created_at: clock.now(),
        sent_rev: room.rev,
      })),
    )
    .returning();
  return { rev: room.rev, lines: lines.sort((a, b) => a.seq - b.seq) };
}
