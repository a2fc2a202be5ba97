import type { Member } from "../../protocol/models.ts";
import { people } from "../accounts/people.ts";
import type { Context, Viewer } from "../context.ts";
import { eyesOf } from "../presence/eyes.ts";
import type { RoomEntry } from "./directory.ts";
import { accountCount } from "./lobby.ts";
import { onlineIn } from "./online.ts";
import { visibleRoom } from "./policy.ts";
import { membersByName } from "./list-store.ts";
import { changedMembers } from "./store.ts";
import { wireMember } from "./wire.ts";

export interface ListMembersInput {
  room_id: string;
  /** Part of a user name or display name. */
  search?: string | undefined;
  page: number;
  per_page: number;
}

interface MemberPage {
  members: Member[];
  total: number;
  online_count: number;
}

/** A page of the members: owner, admins, then all others by name; in the lobby all enabled accounts. Throws `ROOM_NOT_FOUND`. */
export async function listMembers(ctx: Context, viewer: Viewer, input: ListMembersInput): Promise<MemberPage> {
  const room = await visibleRoom(ctx, viewer, input.room_id);
  const slice = { limit: input.per_page, offset: (input.page - 1) * input.per_page };
  const { rows, total } = await membersByName(ctx, room, input.search ?? "", slice);
  const online = await onlineIn(ctx, viewer, room);
  const eyes = await eyesOf(ctx, viewer);
  return {
    members: rows.map((row) => wireMember(row, row, eyes.status(row.key))),
    total: total ?? (await accountCount(ctx)),
    online_count: online.length,
  };
}

/** A membership that changed; without `member` it has ended. */
export interface ChangedMember {
  rev: number;
  user_id: string;
  member?: Member;
}

/** Memberships that changed after `sinceRev`, oldest change first. In the lobby nobody joins or leaves. */
export async function membersChangedSince(
  ctx: Context,
  room: Pick<RoomEntry, "key" | "is_lobby">,
  sinceRev: number,
  limit: number,
): Promise<ChangedMember[]> {
  const rows = await changedMembers(ctx, room.key, sinceRev, limit);
  const persons = await people(ctx).byKeys(rows.map(({ user_key }) => user_key));
  return rows.flatMap((row) => {
    const person = persons.get(row.user_key);
    if (!person) return [];
    const changed = { rev: row.rev, user_id: person.id };
    return [row.is_active ? { ...changed, member: wireMember(person, row) } : changed];
  });
}
