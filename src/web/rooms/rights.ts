import type { Me, RoomRole } from "../../protocol/models.ts";
import type { RoomState } from "../../sdk/state.ts";

type Actor = Pick<Me, "id" | "role"> | null;

/** What a person may do in a room, so that only what would be allowed is offered. The server decides (CONTRACT). */
export interface Rights {
  readonly addPeople: boolean;
  readonly changeSettings: boolean;
  readonly delete: boolean;
  readonly leave: boolean;
  readonly changeRoles: boolean;
  remove(target: { user_id: string; role: RoomRole }): boolean;
}

export function rightsIn(room: RoomState, me: Actor): Rights {
  const isModerator = me !== null && me.role !== "user";
  const isOwner = room.my_role === "owner";
  const runs = isOwner || room.my_role === "admin";
  const isIn = room.my_role !== null;
  return {
    addPeople: (runs || isModerator) && !room.is_lobby && isIn,
    changeSettings: runs || isModerator,
    delete: (isOwner || isModerator) && !room.is_lobby,
    leave: isIn && !room.is_lobby,
    changeRoles: isOwner,
    remove: ({ user_id, role }) =>
      !room.is_lobby &&
      user_id !== me?.id &&
      role !== "owner" &&
      (isOwner || isModerator || (runs && role === "member")),
  };
}
