import type { JoinedRoom } from "../../protocol/models.ts";
import type { Actor, Context } from "../context.ts";
import { invalid } from "../platform/app-error.ts";
import { findAddable } from "./named-people.ts";
import { knowPeople } from "./announce.ts";
import { admit, announceEntry } from "./entering.ts";
import { insertRoom } from "./store.ts";

export interface CreateRoomInput {
  name: string;
  description?: string | undefined;
  type: "public" | "private";
  max_members?: number | undefined;
  member_ids?: string[] | undefined;
}

/** Refuses a limit above the server's own. */
export function demandMaxMembers(ctx: Context, max: number | undefined): void {
  const { roomMaxMembers } = ctx.config;
  if (max !== undefined && max > roomMaxMembers) throw invalid("max_members", `must be at most ${roomMaxMembers}`);
}

/**
 * Makes a room that the actor owns, with its first members; `skipped` names those who cannot be added. Throws
 * `VALIDATION_ERROR`, `ROOM_FULL`.
 */
export async function createRoom(
  ctx: Context,
  actor: Actor,
  input: CreateRoomInput,
): Promise<JoinedRoom & { skipped: string[] }> {
  demandMaxMembers(ctx, input.max_members);
  const { addable, skipped } = await findAddable(ctx, actor, input.member_ids ?? []);
  const others = addable.filter(({ key }) => key !== actor.key);
  await knowPeople(ctx, undefined, actor.key);
  const admission = await ctx.db.write(async (tx) => {
    const room = await insertRoom(ctx, tx, {
      type: input.type,
      name: input.name,
      description: input.description ?? "",
      max_members: input.max_members ?? ctx.config.roomMaxMembers,
      owner_key: actor.key,
      created_by_key: actor.key,
    });
    const entries = [
      { userKey: actor.key, role: "owner" as const },
      ...others.map(({ key }) => ({ userKey: key, role: "member" as const })),
    ];
    return admit(ctx, tx, room, entries, [{ kind: "room_created", actorKey: actor.key, value: room.name }]);
  });
  const joined = await announceEntry(ctx, admission, { isHeard: false });
  const userKeys = others.map(({ key }) => key);
  const { key: roomKey, id: roomId } = admission.room;
  if (userKeys.length > 0) ctx.happenings.emit("members_added", { roomKey, roomId, actorKey: actor.key, userKeys });
  const own = joined.find(({ my_role }) => my_role === "owner");
  if (!own) throw new Error("a room was made without its owner");
  return { ...own, skipped };
}
