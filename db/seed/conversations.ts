import { type Bulk, inBatches } from "./bulk.ts";
import { type Language, languages } from "./names.ts";
import type { SeededPerson } from "./people.ts";
import type { Random } from "./random.ts";
import type { SeededRoom } from "./rooms.ts";
import { say } from "./talk.ts";

/** Between two lines of one conversation, on average. */
const answerMs = 45_000;
/** Lines of a conversation: from the least, up to the least and the spread. */
const linesMin = 3;
const linesSpread = 25;
const repliesShare = 0.06;
const lobbyShare = 0.05;

interface Conversation {
  room: SeededRoom;
  language: Language;
  speakers: SeededPerson[];
  lastSpeaker: SeededPerson | undefined;
  lastId: string | null;
  recent: string[];
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
  return {
    room,
    language,
    speakers,
    lastSpeaker: undefined,
    lastId: null,
    recent: [],
    turns: 0,
    left: linesMin + random.below(linesSpread),
  };
}

/**
 * When each line is said, so that all fit between two moments: quick answers, and pauses between conversations where there
 * is time to spare; in a busy world as many conversations at once as are needed to be through in time.
 */
class Pace {
  readonly sideBySide: number;

  constructor(
    private readonly random: Random,
    private nowMs: number,
    private readonly toMs: number,
    private left: number,
  ) {
    this.sideBySide = Math.max(1, Math.ceil((left * answerMs) / (toMs - nowMs)));
  }

  next(isOpening: boolean): number {
    const stepMs = Math.min(answerMs / this.sideBySide, (this.toMs - this.nowMs) / this.left);
    const spareMs = this.toMs - this.nowMs - this.left * stepMs;
    const pauseMs = isOpening ? (spareMs * (linesMin + linesSpread / 2)) / this.left : 0;
    this.nowMs = Math.min(this.nowMs + (stepMs + pauseMs) * (0.5 + this.random.next()), this.toMs);
    this.left--;
    return Math.floor(this.nowMs);
  }
}

/**
 * Lets people talk from `fromMs` to `toMs`: a few speakers a conversation, who open, answer and agree. Ids and times rise
 * over all rooms together, so that every index but one grows at its right edge.
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
  const pace = new Pace(random, fromMs, toMs, count);
  const going = Array.from({ length: pace.sideBySide }, () => begin(random, talking));
  await inBatches(count, async (from, to) => {
    const messages = [];
    const touched = new Set<SeededRoom>();
    for (let index = from; index < to; index++) {
      const place = random.below(going.length);
      let conversation = going[place];
      if (!conversation || conversation.left === 0) conversation = going[place] = begin(random, talking);
      const { room, language, speakers, lastSpeaker, lastId, turns } = conversation;
      // Mostly somebody else answers; sometimes one adds a line.
      let sender = random.pick(speakers);
      if (sender === lastSpeaker && !random.chance(0.25)) sender = random.pick(speakers);
      const createdAt = pace.next(turns === 0);
      const id = Bun.randomUUIDv7("hex", createdAt);
      const turn = turns === 0 ? "opening" : random.chance(0.35) ? "short" : random.chance(0.8) ? "answer" : "opening";
      messages.push({
        id,
        room_key: room.key,
        seq: ++room.lastSeq,
        sender_key: sender.key,
        type: "text" as const,
        content: say(random, language, turn, conversation.recent),
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
