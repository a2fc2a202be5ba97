import type { Message, TimelineMessage } from "../../protocol/models.ts";
import { blocksOf } from "../blocks/blocked.ts";
import type { Context } from "../context.ts";
import type { StoredMessage } from "./append.ts";
import { type ClearedBy, clearedBy } from "./cleared.ts";
import { type Hidden, hiddenOf } from "./hidden.ts";
import { quotedBy, type Quoted } from "./quotations.ts";
import { reactionsFor } from "./reactions.ts";
import { statusesOf } from "./status.ts";
import { wireMessages } from "./wire.ts";

/** What one person sees otherwise than everybody else. */
export class Personal {
  constructor(
    readonly userKey: number,
    /** Of whom they want to see nothing. */
    readonly blocked: ReadonlySet<number>,
    /** What they deleted for themselves. */
    private readonly hidden: Hidden,
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
    return this.hidden.get(roomKey)?.seqs.has(seq) === true || seq <= this.clearedIn(roomKey);
  }

  /** What came up to here they have emptied the room of; 0: nothing. */
  clearedIn(roomKey: number): number {
    return this.cleared.get(roomKey) ?? 0;
  }

  /** How many messages they have deleted for themselves in a room. */
  hiddenIn(roomKey: number): number {
    return this.hidden.get(roomKey)?.seqs.size ?? 0;
  }

  /** The same in all rooms. */
  hiddenInAll(): number {
    return this.hidden.values().reduce((sum, { seqs }) => sum + seqs.size, 0);
  }

  /** Whether they have deleted one for themselves since the room was at `rev`, or when it was. */
  hidSince(roomKey: number, rev: number): boolean {
    const there = this.hidden.get(roomKey);
    return there !== undefined && there.rev >= rev;
  }

  /** Whether it is a message of their own, of which they see the `status`. */
  wrote({ type, sender_key }: StoredMessage): boolean {
    return sender_key === this.userKey && type !== "system";
  }

  /**
   * Whether this person sees the message otherwise than everybody else, but for the `status` of their own and, which
   * {@link seesOwnReactions} tells, its reactions.
   */
  touches(row: StoredMessage, quoted: Quoted): boolean {
    return this.hides(row) || this.hidesQuoted(row, quoted);
  }

  /** Whose reactions this person sees otherwise than everybody else: their own, and those of whom they have blocked. */
  get reactors(): readonly number[] {
    return [this.userKey, ...this.blocked];
  }

  /** Whether they see the reactions to a message otherwise, of which `reactors` are known. */
  seesOwnReactions(reactors: ReadonlySet<number> | undefined): boolean {
    return reactors !== undefined && this.reactors.some((key) => reactors.has(key));
  }

  /** Whether what a message quotes is hidden from this person. */
  hidesQuoted({ reply_to_id }: StoredMessage, quoted: Quoted): boolean {
    const quotes = reply_to_id === null ? undefined : quoted.get(reply_to_id);
    return quotes !== undefined && this.hides(quotes);
  }
}

/**
 * What is personal to each of these people, by few queries however many they are. `known`: what they have emptied, where it
 * was read already.
 */
export async function personalOf(
  ctx: Context,
  userKeys: readonly number[],
  known?: ClearedBy,
): Promise<Map<number, Personal>> {
  if (userKeys.length === 0) return new Map();
  const [blocks, cleared, hidden] = await Promise.all([
    blocksOf(ctx, userKeys),
    known ?? clearedBy(ctx, userKeys),
    hiddenOf(ctx, userKeys),
  ]);
  return new Map(
    userKeys.map((key) => {
      const blocked = blocks.get(key)?.blocked ?? nobody;
      return [key, new Personal(key, blocked, hidden.get(key) ?? nothingHidden, cleared.get(key) ?? nothingCleared)];
    }),
  );
}

/** Of most people. */
const nobody: ReadonlySet<number> = new Set();
const nothingHidden: Hidden = new Map();
const nothingCleared: ReadonlyMap<number, number> = new Map();

/** {@link personalOf} one. */
export async function personalOfOne(ctx: Context, userKey: number): Promise<Personal> {
  const personal = (await personalOf(ctx, [userKey])).get(userKey);
  if (!personal) throw new Error("nobody's view was asked for");
  return personal;
}

/**
 * Rows of one room as this person sees them; `null`: as everybody does from whom nothing is hidden. `known`: what they
 * quote, where it was read already.
 */
export async function forViewer(
  ctx: Context,
  personal: Personal | null,
  room: { key: number; id: string },
  rows: readonly StoredMessage[],
  known?: Quoted,
): Promise<TimelineMessage[]> {
  const quoted = known ?? (await quotedBy(ctx, rows));
  const plain = await wireMessages(ctx, room.id, rows, quoted);
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
    const seen = personal.hidesQuoted(row, quoted) ? { ...message, reply_to: null } : message;
    return status ? { ...seen, status } : seen;
  });
}

/** What is left of a message for whom it is hidden. */
export function hiddenForm({ id, room_id, seq, rev }: Pick<Message, "id" | "room_id" | "seq" | "rev">) {
  return { id, room_id, seq, rev, is_hidden: true as const };
}
