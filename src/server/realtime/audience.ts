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
  room_added: ({ room }: EventPayload<"room_added">) => ({ enters: { roomId: room.id, rev: room.rev } }),
  room_removed: ({ room_id }: EventPayload<"room_removed">) => ({ leaves: room_id }),
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
      const { userId, enters, leaves } = address;
      hub.toUser(userId, (session) => {
        if (enters) hub.enter(session, new Map([[enters.roomId, enters.rev]]), frame);
        else session.send(frame);
        if (leaves !== undefined) hub.leave(session, leaves);
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
