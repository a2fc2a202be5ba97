import type { Me, Member } from "../../protocol/models.ts";
import { mayIn, mayReach, type RoomRightName } from "../../protocol/rights.ts";
import type { RoomState } from "../../sdk/state.ts";

type Actor = Pick<Me, "id" | "role"> | null;
type Target = Pick<Member, "user_id" | "role">;

/** What a person may do in a room, so that only what would be allowed is offered. The server decides. */
export interface Rights {
  readonly addPeople: boolean;
  readonly invite: boolean;
  readonly changeSettings: boolean;
  readonly delete: boolean;
  readonly leave: boolean;
  readonly changeRoles: boolean;
  readonly ban: boolean;
  /** Whether they may do this to somebody; what somebody is on the server is not known here. */
  reaches(right: "mute" | "kick" | "ban", target: Target): boolean;
}

export function rightsIn(room: RoomState, me: Actor): Rights {
  const standing = { room, system: me?.role ?? null, role: room.my_role };
  const has = (right: RoomRightName) => mayIn(right, standing);
  return {
    addPeople: has("add_members"),
    invite: has("invite"),
    changeSettings: has("change_settings"),
    delete: has("delete_room"),
    leave: has("leave"),
    changeRoles: has("change_roles"),
    ban: has("ban"),
    reaches: (right, { user_id, role }) =>
      user_id !== me?.id && mayReach(right, standing, { role: room.is_lobby ? null : role, system: "user" }),
  };
}

/** Whether slow mode makes this person wait. */
export function isSlowed(room: RoomState, me: Actor): boolean {
  return room.slow_mode_s > 0 && !mayIn("skip_slow_mode", { room, system: me?.role ?? null, role: room.my_role });
}
