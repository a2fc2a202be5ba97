import type { ServerFrame } from "../protocol/events.ts";
import type { Member, Room } from "../protocol/models.ts";
import { hear } from "./progress.ts";
import { withoutCursor } from "./reduce-conversation.ts";
import { countMembers, patchMembers, patchRoom } from "./room-changes.ts";
import type { RoomState, State } from "./state.ts";

type RoomEvent = Extract<ServerFrame, { type: "room_updated" | "user_joined" | "user_left" | "member_updated" }>;

/** What happened to a room or its people. */
export function reduceRoomEvent(state: State, frame: RoomEvent): State {
  const { room_id, rev } = frame.payload;
  // What is already applied, as part of `ready` or of a sync, must not be applied again.
  if (rev <= (state.progress[room_id]?.synced ?? 0)) return state;
  const next = hear(state, room_id, rev, { aboutRoom: true });
  switch (frame.type) {
    case "room_updated":
      return patchRoom(next, room_id, (held) => merge(held, frame.payload.room));
    case "user_joined": {
      const { id: user_id, username, display_name, avatar_url } = frame.payload.user;
      const joined_at = frame.timestamp;
      const member = { user_id, username, display_name, avatar_url, joined_at, muted_until: null };
      const counted = patchRoom(next, room_id, (room) => ({ ...room, member_count: room.member_count + 1 }));
      return countMembers(
        patchMembers(counted, room_id, [{ ...member, role: "member", status: "online" }], []),
        room_id,
      );
    }
    case "user_left": {
      const counted = patchRoom(next, room_id, (room) =>
        withoutCursor({ ...room, member_count: room.member_count - 1 }, frame.payload.user_id),
      );
      return countMembers(patchMembers(counted, room_id, [], [frame.payload.user_id]), room_id);
    }
    case "member_updated": {
      const { member } = frame.payload;
      const mine = member.user_id === state.me?.id;
      return patchMembers(mine ? reduceOwnMembership(next, room_id, member) : next, room_id, [member], []);
    }
  }
}

/** What one is in a room oneself. */
export function reduceOwnMembership(
  state: State,
  roomId: string,
  { role, muted_until }: Pick<Member, "role" | "muted_until">,
): State {
  return patchRoom(state, roomId, (room) => ({ ...room, my_role: role, muted_until }));
}

/** The room's settings as they are now; its numbers only ever rise. */
export function merge(held: RoomState, room: Room): RoomState {
  const last_seq = Math.max(held.last_seq, room.last_seq);
  return { ...held, ...room, last_seq, rev: Math.max(held.rev, room.rev) };
}
