import type { Context } from "../../src/server/context.ts";
import { type Bulk, inBatches } from "./bulk.ts";
import { type Language, languages, roomName } from "./names.ts";
import type { SeededPerson } from "./people.ts";
import type { Random } from "./random.ts";

/** Memberships that a person has on average, the lobby not counted. */
const roomsPerPerson = 5;
/** Members are written so many rooms at a time. */
const roomsPerBatch = 200;

export interface SeededRoom {
  key: number;
  language: Language;
  members: readonly SeededPerson[];
  lastSeq: number;
  rev: number;
}

/** How large each room is: a few big ones, many small ones, together `roomsPerPerson` memberships a person. */
function sizes(count: number, people: number, membersMax: number): number[] {
  const weights = Array.from({ length: count }, (_, index) => 1 / (index + 1) ** 0.7);
  const sum = weights.reduce((total, weight) => total + weight, 0);
  const most = Math.min(people, membersMax);
  return weights.map((weight) => {
    const share = Math.round((people * roomsPerPerson * weight) / sum);
    return Math.min(Math.max(share, 2), most);
  });
}

/** Makes rooms and fills them; everybody gets into about as many. */
export async function addRooms(
  ctx: Context,
  bulk: Bulk,
  random: Random,
  { count, people, createdAt }: { count: number; people: readonly SeededPerson[]; createdAt: number },
): Promise<SeededRoom[]> {
  if (count === 0 || people.length === 0) return [];
  const firstKey = await bulk.reserve("rooms", count);
  const membersMax = ctx.config.roomMaxMembers;
  const ring = random.shuffled(people);
  let next = 0;
  const rooms = sizes(count, people.length, membersMax).map((size, index): SeededRoom => {
    const members = Array.from({ length: size }, () => ring[next++ % ring.length] as SeededPerson);
    const language = languages[index % languages.length] ?? "en";
    return { key: firstKey + index, language, members, lastSeq: 0, rev: 1 };
  });
  await inBatches(
    count,
    async (from, to) => {
      const part = rooms.slice(from, to);
      await bulk.commit({
        rooms: part.map(({ key, language, members }) => {
          const number = key - firstKey;
          const name = roomName(language, Math.floor(number / languages.length));
          return {
            key,
            id: Bun.randomUUIDv7("hex", createdAt),
            type: number % 4 === 3 ? ("private" as const) : ("public" as const),
            is_lobby: false,
            name,
            name_lower: name.normalize("NFKC").toLowerCase(),
            description: "",
            owner_key: members[0]?.key ?? null,
            created_by_key: members[0]?.key ?? null,
            max_members: null,
            slow_mode_s: 0,
            member_count: members.length,
            last_seq: 0,
            rev: 1,
            settings_rev: 1,
            created_at: createdAt,
          };
        }),
        members: part.flatMap(({ key, members }) =>
          members.map((person, position) => ({
            room_key: key,
            user_key: person.key,
            role: position === 0 ? ("owner" as const) : position === 1 && members.length > 10 ? "admin" : "member",
            is_active: true,
            read_seq: 0,
            delivered_seq: 0,
            rev: 1,
            joined_at: createdAt,
          })),
        ),
      });
    },
    roomsPerBatch,
  );
  return rooms;
}
