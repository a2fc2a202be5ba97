import { type Bulk, inBatches } from "./bulk.ts";
import { type Language, languages } from "./names.ts";
import type { SeededPerson } from "./people.ts";
import type { Random } from "./random.ts";
import type { SeededRoom } from "./rooms.ts";
import { say } from "./talk.ts";

/** Conversations that go on side by side somewhere. */
const sideBySide = 40;
const repliesShare = 0.06;
const lobbyShare = 0.05;

interface Conversation {
  room: SeededRoom;
  language: Language;
  speakers: SeededPerson[];
  lastSpeaker: SeededPerson | undefined;
  lastId: string | null;
  turns: number;
  left: number;
}

/** The lobby comes first among the rooms; of two others the larger one is the livelier. */
function begin(random: Random, rooms: readonly SeededRoom[]): Conversation {
  const [one, other] = [random.pick(rooms), random.pick(rooms)];
  const lobby = rooms[0] ?? one;
  const room = random.chance(lobbyShare) ? lobby : one.members.length > other.members.length ? one : other;
  const speakers = Array.from({ length: 2 + random.below(4) }, () => random.pick(room.members));
  const language = room === lobby ? random.pick(languages) : room.language;
  return { room, language, speakers, lastSpeaker: undefined, lastId: null, turns: 0, left: 3 + random.below(25) };
}

/**
 * Lets people talk from `fromMs` to `toMs`: a few speakers a conversation, who open, answer and agree, many conversations
 * at once. Ids and times rise over all rooms together, so that every index but one grows at its right edge.
 */
export async function addConversations(
  bulk: Bulk,
  random: Random,
  rooms: readonly SeededRoom[],
  { count, fromMs, toMs }: { count: number; fromMs: number; toMs: number },
  onProgress: (done: number) => void,
): Promise<void> {
  const talking = rooms.filter(({ members }) => members.length > 0);
  if (talking.length === 0) return;
  const going = Array.from({ length: sideBySide }, () => begin(random, talking));
  const stepMs = (toMs - fromMs) / Math.max(count, 1);
  await inBatches(count, async (from, to) => {
    const messages = [];
    const touched = new Set<SeededRoom>();
    for (let index = from; index < to; index++) {
      const place = random.below(sideBySide);
      let conversation = going[place];
      if (!conversation || conversation.left === 0) conversation = going[place] = begin(random, talking);
      const { room, language, speakers, lastSpeaker, lastId, turns } = conversation;
      // Mostly somebody else answers; sometimes one adds a line.
      let sender = random.pick(speakers);
      if (sender === lastSpeaker && !random.chance(0.25)) sender = random.pick(speakers);
      const createdAt = Math.floor(fromMs + index * stepMs);
      const id = Bun.randomUUIDv7("hex", createdAt);
      const turn = turns === 0 ? "opening" : random.chance(0.35) ? "short" : random.chance(0.8) ? "answer" : "opening";
      messages.push({
        id,
        room_key: room.key,
        seq: ++room.lastSeq,
        sender_key: sender.key,
        type: "text" as const,
        content: say(random, language, turn),
        reply_to_id: lastId !== null && sender !== lastSpeaker && random.chance(repliesShare) ? lastId : null,
        created_at: createdAt,
        sent_rev: ++room.rev,
      });
      touched.add(room);
      conversation.lastSpeaker = sender;
      conversation.lastId = id;
      conversation.turns++;
      conversation.left--;
    }
    const counters = [...touched].map(({ key, lastSeq, rev }) => ({ key, last_seq: lastSeq, rev }));
    await bulk.commit({ messages, counters });
    onProgress(to);
  });
}
