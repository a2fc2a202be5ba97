import type { EventFor, EventPayload } from "../../protocol/events.ts";
import type { Message } from "../../protocol/models.ts";
import type { Reaction } from "../context.ts";
import type { Hub } from "./hub.ts";
import type { Address } from "./node-message.ts";
import type { Authors } from "./room-frame.ts";

/** The room that the payload names, and from whom the event is hidden. */
export function roomOf<N extends EventFor<"room">>(
  type: N,
  payload: EventPayload<N>,
  blocked?: readonly Reaction[],
): Address {
  const authors = authorsOf[type as keyof typeof authorsOf] as ((payload: EventPayload<N>) => Authors) | undefined;
  const { by, quotes } = authors?.(payload) ?? nobody;
  return { to: "room", roomId: payload.room_id, rev: payload.rev, by, quotes, blocked };
}

const nobody: Authors = {};

/** A system line stays visible, whomever it tells of. */
const ofMessage = ({ type, sender, reply_to }: Message): Authors => {
  const by = type === "system" ? undefined : sender.id;
  return reply_to ? { by, quotes: reply_to.sender.id } : { by };
};

const ofGone = ({ sender_id }: EventPayload<"message_deleted">): Authors => ({ by: sender_id });

const authorsOf = {
  new_message: ofMessage,
  new_direct_message: ofMessage,
  message_updated: ofMessage,
  message_deleted: ofGone,
  message_recalled: ofGone,
  reaction_changed: ({ user_id }: EventPayload<"reaction_changed">): Authors => ({ by: user_id }),
};

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

/**
 * An address as it comes from another node. Who comes into a room by it may be the first here: what else tells of their
 * coming, with the same `rev`, was published before this node could hear the room. So it counts as missing here, and is
 * asked of the database.
 */
export function fromAfar(address: Address): Address {
  if (address.to !== "user" || !address.enters) return address;
  const { roomId, rev } = address.enters;
  return { ...address, enters: { roomId, rev: rev - 1 } };
}

/** Turns an address into the sockets of this node, and gives them the frame: the only place that does. */
export function deliver(hub: Hub, address: Address, frame: string): void {
  switch (address.to) {
    case "room":
      hub.toRoom(address.roomId, address.rev, frame, address);
      break;
    case "room_now":
      hub.toRoomNow(address.roomId, frame, address);
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
        if (befriends !== undefined || (enters && meets !== undefined)) hub.onNear(session, frame);
        if (unfriends !== undefined) watchers.unfriend(session, unfriends);
      });
      break;
    }
    case "acquaintances": {
      const { userId, roomIds } = address;
      const watching = new Set(hub.watchers.of(userId));
      hub.toEach((session) => {
        const isTheirs = session.viewer?.id === userId || watching.has(session);
        const isNear = roomIds.some((id) => session.rooms.has(id) && !session.isWatching(id));
        if (isTheirs || isNear) session.send(frame);
      });
      break;
    }
  }
}
