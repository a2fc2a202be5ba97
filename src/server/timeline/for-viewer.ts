import { inArray } from "drizzle-orm";
import type { Message, TimelineMessage } from "../../protocol/models.ts";
import { blocksOf } from "../blocks/blocked.ts";
import type { Context } from "../context.ts";
import type { StoredMessage } from "./append.ts";
import { clearedBy } from "./cleared.ts";
import { haveReacted, reactionsFor } from "./reactions.ts";
import { statusesOf } from "./status.ts";
import { wireMessages } from "./wire.ts";

/** What one person sees otherwise than everybody else. */
export class Personal {
  constructor(
    readonly userKey: number,
    /** Of whom they want to see nothing. */
    readonly blocked: ReadonlySet<number>,
    /** What they deleted for themselves: the messages' numbers by room. */
    private readonly hidden: ReadonlyMap<number, ReadonlySet<number>>,
    /** Up to where they emptied a conversation, by room. */
    private readonly cleared: ReadonlyMap<number, number>,
  ) {}

  /** Whether the message is hidden from this person. What a system line tells of a blocked person is not. */
  hides({ type, sender_key, room_key, seq }: Pick<StoredMessage, "type" | "sender_key" | "room_key" | "seq">): boolean {
    return (type !== "system" && this.blocked.has(sender_key)) || this.#hasPutAway(room_key, seq);
  }

  /** {@link hides} of a message that is no system line. */
  hidesAt(roomKey: number, seq: number, senderKey: number): boolean {
    return this.blocked.has(senderKey) || this.#hasPutAway(roomKey, seq);
  }

  #hasPutAway(roomKey: number, seq: number): boolean {
    return this.hidden.get(roomKey)?.has(seq) === true || seq <= this.clearedIn(roomKey);
  }

  /** What came up to here they have emptied the room of; 0: nothing. */
  clearedIn(roomKey: number): number {
    return this.cleared.get(roomKey) ?? 0;
  }

  /** Whether it is a message of their own, of which they see the `status`. */
  wrote({ type, sender_key }: StoredMessage): boolean {
    return sender_key === this.userKey && type !== "system";
  }

  /** Whether this person sees the message otherwise than everybody else, but for the `status` of their own. */
  touches(row: StoredMessage): boolean {
    return this.hides(row) || row.reactions !== null;
  }

  /** As {@link touches}, of many; asks the database where it is worth knowing for sure. */
  async touchesAny(ctx: Context, rows: readonly StoredMessage[]): Promise<boolean> {
    return rows.some((row) => this.hides(row)) || haveReacted(ctx, [this.userKey, ...this.blocked], rows);
  }
}

/** What is personal to each of these people, by few queries however many they are. */
export async function personalOf(ctx: Context, userKeys: readonly number[]): Promise<Map<number, Personal>> {
  const { hidden_messages } = ctx.db.tables;
  if (userKeys.length === 0) return new Map();
  const [blocks, cleared, rows] = await Promise.all([
    blocksOf(ctx, userKeys),
    clearedBy(ctx, userKeys),
    ctx.db.read
      .select({ userKey: hidden_messages.user_key, roomKey: hidden_messages.room_key, seq: hidden_messages.seq })
      .from(hidden_messages)
      .where(inArray(hidden_messages.user_key, [...userKeys])),
  ]);
  const byPerson = Map.groupBy(rows, ({ userKey }) => userKey);
  return new Map(
    userKeys.map((key) => {
      const hidden = new Map(
        [...Map.groupBy(byPerson.get(key) ?? [], ({ roomKey }) => roomKey)].map(([roomKey, own]) => [
          roomKey,
          new Set(own.map(({ seq }) => seq)),
        ]),
      );
      return [key, new Personal(key, blocks.get(key)?.blocked ?? new Set(), hidden, cleared.get(key) ?? new Map())];
    }),
  );
}

/** {@link personalOf} one. */
export async function personalOfOne(ctx: Context, userKey: number): Promise<Personal> {
  const personal = (await personalOf(ctx, [userKey])).get(userKey);
  if (!personal) throw new Error("nobody's view was asked for");
  return personal;
}

/** Rows of one room as this person sees them; `null`: as everybody does from whom nothing is hidden. */
export async function forViewer(
  ctx: Context,
  personal: Personal | null,
  room: { key: number; id: string },
  rows: readonly StoredMessage[],
): Promise<TimelineMessage[]> {
  const plain = await wireMessages(ctx, room.id, rows);
  const reactions = await reactionsFor(ctx, personal, rows);
  const messages = plain.map((message, index) => {
    const shown = reactions.get(rows[index]?.key ?? 0);
    return shown ? { ...message, reactions: shown } : message;
  });
  if (!personal) return messages;
  const own = rows.filter((row) => personal.wrote(row));
  const statuses = await statusesOf(ctx, personal.userKey, room.key, own);
  return messages.map((message, index) => {
    const row = rows[index];
    if (!row) return message;
    if (personal.hides(row)) return hiddenForm(message);
    const status = personal.wrote(row) ? statuses.get(row.seq) : undefined;
    return status ? { ...message, status } : message;
  });
}

/** What is left of a message for whom it is hidden. */
export function hiddenForm({ id, room_id, seq, rev }: Pick<Message, "id" | "room_id" | "seq" | "rev">) {
  return { id, room_id, seq, rev, is_hidden: true as const };
}
