import type { Room } from "../../protocol/models.ts";
import { folded } from "../accounts/names.ts";
import type { Actor, Context } from "../context.ts";
import { AppError } from "../platform/app-error.ts";
import { changeRoom, type SystemDraft } from "../timeline/change-room.ts";
import { wireMessages } from "../timeline/wire.ts";
import { knowPeople, publishLines } from "./announce.ts";
import { demandMaxMembers } from "./create.ts";
import { rooms, type RoomRow } from "./directory.ts";
import { lockRoom } from "./locked.ts";
import { demand, demandRight, visibleRoom } from "./policy.ts";
import { updateRoomRow } from "./store.ts";
import { wireRoom } from "./wire.ts";

export interface UpdateRoomInput {
  room_id: string;
  name?: string | undefined;
  description?: string | undefined;
  type?: "public" | "private" | undefined;
  max_members?: number | undefined;
  /** A member may write once in so many seconds; 0: as often as they like. */
  slow_mode_s?: number | undefined;
}

/**
 * Changes settings; what is as asked already is no change. Throws `ROOM_NOT_FOUND`, `FORBIDDEN`, `VALIDATION_ERROR`,
 * `CONFLICT` (fewer members allowed than there are).
 */
export async function updateRoom(ctx: Context, actor: Actor, input: UpdateRoomInput): Promise<Room> {
  const entry = await visibleRoom(ctx, actor, input.room_id);
  // The lobby is for all accounts: it has a name and a description, but neither another kind nor a limit.
  demand(!entry.is_lobby || (input.type === undefined && input.max_members === undefined));
  await knowPeople(ctx, entry, actor.key);
  const { room, change, wasPublic } = await ctx.db.write(async (tx) => {
    const { room, mine } = await lockRoom(ctx, tx, actor, entry);
    demandRight("change_settings", actor, room, mine?.role);
    demandMaxMembers(ctx, input.max_members);
    const { values, lines } = differences(room, input, actor.key);
    if (values.max_members != null && values.max_members < room.member_count) {
      const message = `must not be below the ${room.member_count} members there are`;
      throw new AppError("CONFLICT", { details: [{ field: "max_members", message }] });
    }
    const wasPublic = room.type === "public";
    if (Object.keys(values).length === 0) return { room, change: undefined, wasPublic };
    const change = await changeRoom(ctx, tx, room.key, { lines });
    const changed = await updateRoomRow(ctx, tx, room.key, { ...values, settings_rev: change.rev });
    return { room: changed, change, wasPublic };
  });
  if (!change) return wireRoom(ctx, room);
  rooms(ctx).forget(room);
  // Before anything is said: whoever only watched a public room hears nothing of a private one.
  if (wasPublic && room.type === "private") ctx.publish.emptyRoom(room.id, true);
  const lines = await wireMessages(ctx, room.id, change.lines);
  const wire = await wireRoom(ctx, room);
  ctx.publish.toRoom("room_updated", { room_id: room.id, room: wire, rev: change.rev });
  publishLines(ctx, lines);
  return wire;
}

type Settings = Partial<Pick<RoomRow, "name" | "name_lower" | "description" | "type" | "max_members" | "slow_mode_s">>;

function differences(
  room: RoomRow,
  { name, description, type, max_members, slow_mode_s }: UpdateRoomInput,
  actorKey: number,
): { values: Settings; lines: SystemDraft[] } {
  const values: Settings = {};
  const lines: SystemDraft[] = [];
  if (name !== undefined && name !== room.name) {
    Object.assign(values, { name, name_lower: folded(name) });
    lines.push({ kind: "name_changed", actorKey, value: name });
  }
  if (description !== undefined && description !== room.description) {
    values.description = description;
    lines.push({ kind: "description_changed", actorKey, value: description });
  }
  if (type !== undefined && type !== room.type) {
    values.type = type;
    lines.push({ kind: "type_changed", actorKey, value: type });
  }
  if (max_members !== undefined && max_members !== room.max_members) values.max_members = max_members;
  if (slow_mode_s !== undefined && slow_mode_s !== room.slow_mode_s) {
    values.slow_mode_s = slow_mode_s;
    lines.push({ kind: "slow_mode_changed", actorKey, value: `${slow_mode_s}` });
  }
  return { values, lines };
}
