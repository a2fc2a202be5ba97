import { z } from "zod";
import { message, type Message } from "../../src/protocol/models.ts";
import type { Person } from "./people.ts";

interface Sent {
  senderId: string;
  /** Not known of a first message to a person. */
  roomId: string | undefined;
  tempId: string;
  content: string;
}

interface Acked {
  tempId: string;
  id: string;
  seq: number;
}

interface Receiver {
  name: string;
  roomId: string;
  /** Everything with a higher `seq` should have been received. */
  afterSeq: number;
  received: Received[];
}

/** `content` is undefined where it is hidden from the receiver. */
interface Received {
  id: string;
  seq: number;
  content?: string | undefined;
}

/** What clients saw: every send, every ack, every receipt. {@link judge} compares it with what the server has kept. */
export class Journal {
  readonly sends = new Map<string, Sent>();
  readonly acks = new Map<string, Acked>();
  readonly receivers: Receiver[] = [];
  /** Sends of which the client was told that they failed for good, with the reason. */
  readonly refusals = new Map<string, string>();
  /** Faults seen while writing: two acks of one send that differ. */
  readonly contradictions: string[] = [];

  sent(send: Sent): void {
    const before = this.sends.get(send.tempId);
    if (before && before.content !== send.content) throw new Error(`the test sent ${send.tempId} with two contents`);
    this.sends.set(send.tempId, send);
  }

  acked({ tempId, id, seq }: Acked): void {
    const before = this.acks.get(tempId);
    if (before && (before.id !== id || before.seq !== seq)) {
      this.contradictions.push(`${tempId} was acked as ${before.id}/${before.seq} and again as ${id}/${seq}`);
    }
    this.acks.set(tempId, { tempId, id, seq });
  }

  refused(tempId: string, reason: string): void {
    this.refusals.set(tempId, reason);
  }

  /** A client that should get everything of a room after `afterSeq`: give it each message as it comes. */
  receiver(name: string, roomId: string, afterSeq: number): (received: Received) => void {
    const receiver: Receiver = { name, roomId, afterSeq, received: [] };
    this.receivers.push(receiver);
    return ({ id, seq, content }) => receiver.received.push({ id, seq, content });
  }
}

/**
 * What is wrong, a sentence each; an empty list when the promises hold:
 * G1 no acked message is lost, G2 none is there twice, and none that was refused, G3 one gapless order, G4 nobody missed
 * or got twice what they should have got. `mayChange`: messages were edited, deleted, recalled and reacted to.
 */
export function judge(
  journal: Journal,
  rooms: ReadonlyMap<string, readonly Message[]>,
  { mayChange = false }: { mayChange?: boolean } = {},
): string[] {
  const faults = [...journal.contradictions];
  const stored = new Map<string, Message>();
  for (const [roomId, messages] of rooms) {
    for (const [index, { seq, rev }] of messages.entries()) {
      if (seq !== index + 1) faults.push(`G3: room ${roomId} has seq ${seq} in place ${index + 1}`);
      const before = messages[index - 1];
      if (before && !mayChange && rev < before.rev)
        faults.push(`G3: room ${roomId} has rev ${rev} after ${before.rev}`);
    }
    for (const each of messages) {
      if (each.temp_id === null) continue;
      if (stored.has(each.temp_id)) faults.push(`G2: ${each.temp_id} is stored twice`);
      const refusal = journal.refusals.get(each.temp_id);
      if (refusal !== undefined) faults.push(`G2: ${each.temp_id} was refused (${refusal}) and is stored`);
      stored.set(each.temp_id, each);
      const send = journal.sends.get(each.temp_id);
      if (send === undefined) faults.push(`${each.temp_id} is stored, but nobody sent it`);
      else if (
        (isAsSent(each) && send.content !== each.content) ||
        send.senderId !== each.sender.id ||
        (send.roomId ?? each.room_id) !== each.room_id
      ) {
        faults.push(`${each.temp_id} is stored otherwise than it was sent`);
      }
    }
  }
  for (const { tempId, id, seq } of journal.acks.values()) {
    const kept = stored.get(tempId);
    if (kept === undefined) faults.push(`G1: ${tempId} was acked with seq ${seq} and is lost`);
    else if (kept.id !== id || kept.seq !== seq)
      faults.push(`G1: ${tempId} was acked as ${id}/${seq}, stored otherwise`);
  }
  for (const receiver of journal.receivers) faults.push(...judgeReceiver(receiver, rooms.get(receiver.roomId) ?? []));
  return faults;
}

function isAsSent({ is_edited, is_deleted, is_recalled }: Message): boolean {
  return !is_edited && !is_deleted && !is_recalled;
}

function judgeReceiver({ name, afterSeq, received }: Receiver, messages: readonly Message[]): string[] {
  const faults: string[] = [];
  const expected = messages.filter(({ seq }) => seq > afterSeq);
  for (const [index, { seq }] of received.entries()) {
    const before = received[index - 1];
    if (before && seq <= before.seq) faults.push(`G4: ${name} got seq ${seq} after ${before.seq}`);
  }
  const bySeq = new Map(received.map((each) => [each.seq, each]));
  for (const message of expected) {
    const { seq, id, content } = message;
    const got = bySeq.get(seq);
    const isOther = isAsSent(message) && got?.content !== undefined && got.content !== content;
    if (got === undefined) faults.push(`G4: ${name} missed seq ${seq}`);
    else if (got.id !== id || isOther) faults.push(`G4: ${name} got another message as seq ${seq}`);
  }
  for (const { seq } of received) {
    if (!messages.some((each) => each.seq === seq))
      faults.push(`G1: ${name} was shown seq ${seq}, which is not stored`);
  }
  return faults;
}

/** The whole timeline of a room, oldest first, read page by page as a client does. */
export async function wholeTimeline(reader: Person, roomId: string): Promise<Message[]> {
  const pages: Message[][] = [];
  let before = "";
  for (;;) {
    const answer = await reader.http("GET", `/rooms/${roomId}/messages?limit=100${before}`);
    const page = answer.as(z.array(message));
    pages.unshift(page);
    const oldest = page[0];
    if (!answer.meta["has_more"] || oldest === undefined) return pages.flat();
    before = `&before=${oldest.id}`;
  }
}
