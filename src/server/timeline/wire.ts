import { z } from "zod";
import { systemKind, type Message, type Quotation, type SystemLine, type UserRef } from "../../protocol/models.ts";
import { quotationOf } from "../../protocol/quotation.ts";
import { people, userRef, type Person } from "../accounts/people.ts";
import type { Context } from "../context.ts";
import { wireTime, wireTimeOrNull } from "../platform/clock.ts";
import type { StoredMessage } from "./append.ts";
import { mentionsOf } from "./mentioned.ts";
import { wireReactions } from "./reactions.ts";
import { quotedBy, type Quoted } from "./quotations.ts";

const storedSystem = z.object({ kind: systemKind, target_key: z.number().optional(), value: z.string().optional() });

/** The keys of those whose names a message shows: its sender, and of a system line whom it is about. */
export function namedIn({ sender_key, system }: Pick<StoredMessage, "sender_key" | "system">): number[] {
  const target = system === null ? undefined : storedSystem.parse(JSON.parse(system)).target_key;
  return target === undefined ? [sender_key] : [sender_key, target];
}

const unknownPerson: UserRef = { id: "", username: "", display_name: "", avatar_url: null };

/** Rows of one room as the protocol has them, with what they quote and their senders' present names. */
export async function wireMessages(
  ctx: Context,
  roomId: string,
  rows: readonly StoredMessage[],
  known?: Quoted,
): Promise<Message[]> {
  const quoted = known ?? (await quotedBy(ctx, rows));
  const systems = rows.map(({ system }) => (system === null ? undefined : storedSystem.parse(JSON.parse(system))));
  const keys = new Set([...rows, ...quoted.values()].map(({ sender_key }) => sender_key));
  for (const system of systems) if (system?.target_key !== undefined) keys.add(system.target_key);
  const persons = await people(ctx).byKeys([...keys]);
  const named = (key: number) => nameOf(persons.get(key));
  return rows.map((row, index) => {
    const system = systems[index];
    const quotes = row.reply_to_id === null ? undefined : quoted.get(row.reply_to_id);
    const reply_to = quotes ? wireQuotation(quotes, persons.get(quotes.sender_key)) : null;
    const message = wireMessage(roomId, row, refOf(persons.get(row.sender_key)), reply_to);
    if (!system) return message;
    const line: SystemLine = { kind: system.kind, actor: named(row.sender_key) };
    if (system.target_key !== undefined) line.target = named(system.target_key);
    if (system.value !== undefined) line.value = system.value;
    return { ...message, system: line };
  });
}

const refOf = (person: Person | undefined) => (person ? userRef(person) : unknownPerson);

/** What replies to it show of a message. */
export function wireQuotation(row: StoredMessage, sender: Person | undefined): Quotation {
  return quotationOf({ id: row.id, sender: refOf(sender), content: isGone(row) ? "" : row.content });
}

/** Whether a message keeps nothing but its place. */
export function isGone({ deleted_at, recalled_at }: Pick<StoredMessage, "deleted_at" | "recalled_at">): boolean {
  return deleted_at !== null || recalled_at !== null;
}

/** One row whose sender is at hand; on the wire its `rev` is the later of sent and changed. */
export function wireMessage(roomId: string, row: StoredMessage, sender: UserRef, reply_to: Quotation | null): Message {
  const gone = isGone(row);
  return {
    id: row.id,
    room_id: roomId,
    seq: row.seq,
    rev: row.changed_rev ?? row.sent_rev,
    sender,
    content: gone ? "" : row.content,
    type: row.type,
    reply_to,
    files: [],
    reactions: gone ? [] : wireReactions(row),
    mentions: gone ? [] : mentionsOf(row),
    created_at: wireTime(row.created_at),
    is_edited: row.edited_at !== null,
    edited_at: wireTimeOrNull(row.edited_at),
    is_deleted: row.deleted_at !== null,
    is_recalled: row.recalled_at !== null,
    temp_id: row.client_id,
  };
}

function nameOf(person: Person | undefined): SystemLine["actor"] {
  const { id, username, display_name } = person ?? unknownPerson;
  return { id, username, display_name };
}
