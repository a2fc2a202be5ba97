import type { Member, Room } from "../../protocol/models.ts";
import { people, type Person } from "../accounts/people.ts";
import type { Context } from "../context.ts";
import { wireTime, wireTimeOrNull } from "../platform/clock.ts";
import type { RoomRow } from "./directory.ts";
import { accountCount } from "./lobby.ts";
import type { MemberRow } from "./store.ts";

/** Rows as the protocol has them, in their order. */
export async function wireRooms(ctx: Context, rows: readonly RoomRow[]): Promise<Room[]> {
  const keys = rows.flatMap(({ owner_key, created_by_key }) => [owner_key, created_by_key]);
  const persons = await people(ctx).byKeys([...new Set(keys.filter((key) => key !== null))]);
  const accounts = rows.some(({ is_lobby }) => is_lobby) ? await accountCount(ctx) : 0;
  return rows.map((row) => {
    const owner = row.owner_key === null ? undefined : persons.get(row.owner_key);
    const creator = row.created_by_key === null ? undefined : persons.get(row.created_by_key);
    return {
      id: row.id,
      name: row.name,
      description: row.description,
      type: row.type,
      is_lobby: row.is_lobby,
      avatar_url: row.avatar_url,
      owner: owner ? { id: owner.id, username: owner.username } : null,
      created_by: creator?.id ?? null,
      member_count: row.is_lobby ? accounts : row.member_count,
      max_members: row.max_members,
      slow_mode_s: row.slow_mode_s,
      last_seq: row.last_seq,
      rev: row.rev,
      created_at: wireTime(row.created_at),
    };
  });
}

export async function wireRoom(ctx: Context, row: RoomRow): Promise<Room> {
  const [room] = await wireRooms(ctx, [row]);
  if (!room) throw new Error("a room was lost on its way to the wire");
  return room;
}

/** A frame for all in the room says nothing of the person's presence, which not all of them see alike. */
export function wireMember(
  person: Pick<Person, "id" | "username" | "display_name" | "avatar_url">,
  row: Pick<MemberRow, "role" | "joined_at" | "muted_until">,
  status: Member["status"] = "offline",
): Member {
  return {
    user_id: person.id,
    username: person.username,
    display_name: person.display_name,
    avatar_url: person.avatar_url,
    role: row.role,
    status,
    joined_at: wireTime(row.joined_at),
    muted_until: wireTimeOrNull(row.muted_until),
  };
}
