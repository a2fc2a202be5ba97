import type { Member } from "../../protocol/models.ts";
import type { Actor, Context } from "../context.ts";
import { findAddable } from "./named-people.ts";
import { knowPeople } from "./announce.ts";
import { admit, announceEntry } from "./entering.ts";
import { lockRoom } from "./locked.ts";
import { demand, mayModerate, visibleRoom } from "./policy.ts";
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
  demand(!entry.is_lobby);
  const { addable, skipped } = await findAddable(ctx, actor, input.user_ids);
  await knowPeople(ctx, entry, actor.key);
  const admission = await ctx.db.write(async (tx) => {
    const { room, mine } = await lockRoom(ctx, tx, actor, entry);
    demand(mayModerate(actor, mine?.role));
    const keys = addable.map(({ key }) => key);
    const present = new Set(await activeMemberKeys(ctx, tx, room.key, keys));
    const missing = keys.filter((key) => !present.has(key));
    if (missing.length === 0) return undefined;
    const entries = missing.map((userKey) => ({ userKey, role: "member" as const }));
    const lines = missing.map((targetKey) => ({ kind: "member_added" as const, actorKey: actor.key, targetKey }));
    return admit(ctx, tx, room, entries, lines);
  });
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
