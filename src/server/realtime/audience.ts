import type { EventFor, EventPayload } from "../../protocol/events.ts";
import type { Hub } from "./hub.ts";
import type { Address } from "./node-message.ts";

/** The room that the payload names. */
export function roomOf(payload: EventPayload<EventFor<"room">>): Address {
  return { to: "room", roomId: payload.room_id, rev: payload.rev };
}

/** A person's devices, which with some events come into a room or leave it. */
export function devicesOf<N extends EventFor<"user" | "passing">>(
  userId: string,
  type: N,
  payload: EventPayload<N>,
): Address {
  const move = movements[type as keyof typeof movements] as ((payload: EventPayload<N>) => object) | undefined;
  return { to: "user", userId, ...move?.(payload) };
}

const movements = {
  room_added: ({ room }: EventPayload<"room_added">) => ({
    enters: { roomId: room.id, rev: room.rev },
    meets: room.peer?.id,
  }),
  room_removed: ({ room_id }: EventPayload<"room_removed">) => ({ leaves: room_id }),
  relationship_changed: ({ user, friend }: EventPayload<"relationship_changed">) =>
    friend ? { befriends: user.id } : { unfriends: user.id },
};

/** Turns an address into the sockets of this node, and gives them the frame: the only place that does. */
export function deliver(hub: Hub, address: Address, frame: string): void {
  switch (address.to) {
    case "room":
      hub.toRoom(address.roomId, address.rev, frame);
      break;
    case "room_now":
      hub.toRoomNow(address.roomId, frame);
      break;
    case "user": {
      const { userId, enters, leaves, meets, befriends, unfriends } = address;
      const { watchers } = hub;
      hub.toUser(userId, (session) => {
        if (enters) hub.enter(session, new Map([[enters.roomId, enters.rev]]), frame);
        else session.send(frame);
        if (leaves !== undefined) hub.leave(session, leaves);
        if (leaves !== undefined) watchers.part(session, leaves);
        if (enters && meets !== undefined) watchers.meet(session, enters.roomId, meets);
        if (befriends !== undefined) watchers.befriend(session, befriends);
        if (unfriends !== undefined) watchers.unfriend(session, unfriends);
      });
      break;
    }
    case "acquaintances": {
      const { userId, roomIds } = address;
      hub.toEach((session) => {
        const isTheirs = session.viewer?.id === userId;
        const isNear = roomIds.some((id) => session.rooms.has(id) && !session.isWatching(id));
        if (isTheirs || isNear) session.send(frame);
      });
      break;
    }
  }
}
