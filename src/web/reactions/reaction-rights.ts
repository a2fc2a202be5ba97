import { mayIn, type RoomRightName } from "../../protocol/rights.ts";
import type { Me } from "../../protocol/models.ts";
import type { RoomState } from "../../sdk/state.ts";

function has(right: RoomRightName, room: RoomState, me: Pick<Me, "role"> | null): boolean {
  const isMuted = room.muted_until !== null && Date.parse(room.muted_until) > Date.now();
  return mayIn(right, { room, system: me?.role ?? null, role: room.my_role, isMuted });
}

export const mayReact = (room: RoomState, me: Pick<Me, "role"> | null) => has("react", room, me);

export const mayPin = (room: RoomState, me: Pick<Me, "role"> | null) => has("pin", room, me);
