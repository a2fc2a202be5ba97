import type { EventPayload, ServerFrame } from "../protocol/events.ts";
import {
  dropCleared,
  moveCursors,
  reduceCleared,
  reduceMe,
  reduceOpened,
  reduceReceipt,
  withoutStatus,
} from "./reduce-conversation.ts";
import { heldMessage } from "./held-messages.ts";
import { hear, mistrust, onEntering, synced } from "./progress.ts";
import { dropShown, reduceAck, reduceMessage, reduceRead } from "./reduce-messages.ts";
import { reduceUser } from "./reduce-people.ts";
import { merge, reduceOwnMembership, reduceRoomEvent } from "./reduce-rooms.ts";
import { countMembers, enterRoom, forgetRoom, patchMembers, patchRoom, startAfresh } from "./room-changes.ts";
import type { State } from "./state.ts";

/** The state after a frame from the server. Frames that change nothing, and kinds yet unknown, return the same state. */
export function reduceFrame(state: State, frame: ServerFrame): State {
  switch (frame.type) {
    case "connected":
      return state.epoch === frame.payload.epoch ? state : startAfresh(state, frame.payload.epoch);
    case "sync_reset":
      return startAfresh(state, frame.payload.epoch);
    case "ready":
      return reduceReady(state, frame.payload);
    case "new_message":
    case "new_direct_message":
      return reduceMessage(hear(state, frame.payload.room_id, frame.payload.rev, { aboutRoom: false }), frame.payload);
    case "message_ack":
      return reduceAck(state, frame.payload);
    case "message_read": {
      const { user_id, room_id, read_seq } = frame.payload;
      return reduceReceipt(user_id === state.me?.id ? reduceRead(state, room_id, read_seq) : state, frame);
    }
    case "message_delivered":
      return reduceReceipt(state, frame);
    case "conversation_cleared":
      return reduceCleared(state, frame.payload);
    case "sync_batch":
      return reduceChanges(state, frame.payload);
    case "room_changed": {
      const { room_id, since_rev, rev } = frame.payload;
      return mistrust(state, room_id, since_rev, rev);
    }
    case "room_added": {
      const { room } = frame.payload;
      // Told by one node, and overtaken by what another has said since.
      if ((state.rooms[room.id]?.rev ?? 0) > room.rev) return state;
      return reduceOpened(dropCleared(enterRoom(state, room), room.id), room);
    }
    case "room_removed":
    case "room_deleted":
      return forgetRoom(state, frame.payload.room_id);
    case "room_updated":
    case "user_joined":
    case "user_left":
    case "member_updated":
      return reduceRoomEvent(state, frame);
    case "me_updated":
      return reduceMe(state, frame.payload.user);
    case "user_updated":
      return reduceUser(state, frame.payload.user);
    default:
      return state;
  }
}

function reduceReady(state: State, { user, rooms }: EventPayload<"ready">): State {
  const present = new Set(rooms.map(({ id }) => id));
  let next: State = { ...state, loaded: true, me: user };
  for (const [roomId, room] of Object.entries(state.rooms)) {
    // A guest's rooms are not in `ready`: the guest watches them anew.
    if (!present.has(roomId) && (user !== null || room.my_role !== null)) next = forgetRoom(next, roomId);
  }
  const received = { rooms: { ...next.rooms }, progress: { ...next.progress } };
  for (const room of rooms) {
    const held = next.rooms[room.id];
    // A server that has missed something says all of it once more on the same connection: what came meanwhile is newer.
    if (held && held.rev > room.rev) {
      const { rev, last_seq, last_message, unread_count, mention_count } = held;
      received.rooms[room.id] = { ...room, rev, last_seq, last_message, unread_count, mention_count };
    } else {
      received.rooms[room.id] = room;
      received.progress[room.id] = onEntering(next, room);
    }
  }
  next = rooms.reduce((entered, room) => reduceOpened(dropCleared(entered, room.id), room), { ...next, ...received });
  for (const roomId of Object.keys(next.pending)) next = dropShown(next, roomId);
  return next;
}

function reduceChanges(state: State, changes: EventPayload<"sync_batch">): State {
  const { room_id, room, messages, members, members_removed, cursors, rev, has_more } = changes;
  let next = state;
  // An event has come meanwhile that the answer does not know yet. It tells what changed, not all that the message now
  // is (of its reactions each person sees their own): that is asked for again.
  const isOvertaken = messages.some(({ id, rev: told }) => (heldMessage(state, room_id, id)?.rev ?? 0) > told);
  for (const message of messages) next = reduceMessage(next, withoutStatus(message), { isAnswer: true });
  if (room) next = patchRoom(next, room_id, (held) => merge(held, room));
  const mine = members.find(({ user_id }) => user_id === state.me?.id);
  if (mine) next = reduceOwnMembership(next, room_id, mine);
  next = countMembers(patchMembers(next, room_id, members, members_removed), room_id);
  const own = cursors.find(({ user_id }) => user_id === state.me?.id);
  if (own) next = reduceRead(next, room_id, own.read_seq);
  next = moveCursors(next, room_id, cursors);
  return dropShown(synced(next, room_id, rev, { more: has_more || isOvertaken }), room_id);
}
