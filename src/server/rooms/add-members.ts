import type { Member } from "../../protocol/models.ts";
import type { Actor, Context } from "../context.ts";
import { findAddable } from "./named-people.ts";
import { knowPeople } from "./announce.ts";
import { admit, announceEntry } from "./entering.ts";
import { lockRoom } from "./locked.ts";
import { banTimes } from "./moderation-store.ts";
import { demandRight, visibleRoom } from "./policy.ts";
import { activeMemberKeys } from "./store.ts";
import { eyesOf } from "../presence/eyes.ts";
import { wireMember } from "./wire.ts";

export interface AddMembersInput {
  room_id: string;
  user_ids: string[];
}

interface AddMembersAnswer {
  room_id: string;
  added: Member[];
  /** Who cannot be added. Who is a member already is in neither list. */
  skipped: string[];
}

/**
 * Adds people to a room: by its owner, its admins and moderators, also to a public one, which all others join by
 * themselves. All who can be added come in, or none. Throws `ROOM_NOT_FOUND`, `FORBIDDEN`, `ROOM_FULL`.
 */
export async function addMembers(ctx: Context, actor: Actor, input: AddMembersInput): Promise<AddMembersAnswer> {
  const entry = await visibleRoom(ctx, actor, input.room_id);
  const { addable, skipped } = await findAddable(ctx, actor, input.user_ids);
  await knowPeople(ctx, entry, actor.key);
  const { admission, banned } = await ctx.db.write(async (tx) => {
    const { room, mine } = await lockRoom(ctx, tx, actor, entry);
    demandRight("add_members", actor, room, mine?.role);
    const keys = addable.map(({ key }) => key);
    const present = new Set(await activeMemberKeys(ctx, tx, room.key, keys));
    const banned = new Set((await banTimes(ctx, room.key, tx)).map(({ userKey }) => userKey));
    const missing = keys.filter((key) => !present.has(key) && !banned.has(key));
    if (missing.length === 0) return { admission: undefined, banned };
    const entries = missing.map((userKey) => ({ userKey, role: "member" as const }));
    const lines = missing.map((targetKey) => ({ kind: "member_added" as const, actorKey: actor.key, targetKey }));
    return { admission: await admit(ctx, tx, room, entries, lines), banned };
  });
  skipped.push(...addable.filter(({ key }) => banned.has(key)).map(({ id }) => id));
  if (!admission) return { room_id: entry.id, added: [], skipped };
  await announceEntry(ctx, admission, { isHeard: true });
  const eyes = await eyesOf(ctx, actor);
  const userKeys = admission.members.map(({ user_key }) => user_key);
  ctx.happenings.emit("members_added", { roomKey: entry.key, roomId: entry.id, actorKey: actor.key, userKeys });
  const rows = new Map(admission.members.map((row) => [row.user_key, row]));
  const added = addable.flatMap((person) => {
    const row = rows.get(person.key);
    return row ? [wireMember(person, row, eyes.status(person.key))] : [];
  });
  return { room_id: entry.id, added, skipped };
}
