import type { EventPayload, ServerFrame } from "../protocol/events.ts";
import type { Message, Room, TimelineMessage, UserRef } from "../protocol/models.ts";
import { countMembers, enterRoom, forgetRoom, patchMembers, patchRoom, startAfresh } from "./room-changes.ts";
import { hear, onEntering, synced } from "./progress.ts";
import type { RoomState, State } from "./state.ts";
import { endOf, receive } from "./timeline.ts";
import { noteMessage, readUpTo, recount } from "./unread.ts";

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
      return reduceMessage(hear(state, frame.payload.room_id, frame.payload.rev, { aboutRoom: false }), frame.payload);
    case "message_ack":
      return reduceAck(state, frame.payload);
    case "message_read":
      return frame.payload.user_id === state.me?.id
        ? reduceRead(state, frame.payload.room_id, frame.payload.read_seq)
        : state;
    case "sync_batch":
      return reduceChanges(state, frame.payload);
    case "room_added":
      return enterRoom(state, frame.payload.room);
    case "room_removed":
    case "room_deleted":
      return forgetRoom(state, frame.payload.room_id);
    case "room_updated":
    case "user_joined":
    case "user_left":
    case "member_updated":
      return reduceRoomEvent(state, frame);
    case "me_updated":
      return { ...state, me: frame.payload.user };
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
    received.rooms[room.id] = room;
    received.progress[room.id] = onEntering(next, room);
  }
  next = { ...next, ...received };
  for (const roomId of Object.keys(next.pending)) next = dropShown(next, roomId);
  return next;
}

/** A message in its present form, from an event, a page or a sync. */
export function reduceMessage(state: State, message: TimelineMessage): State {
  const roomId = message.room_id;
  const timeline = state.timelines[roomId];
  const received = timeline && receive(timeline, message);
  let next = state;
  if (received && received !== timeline) {
    next = { ...next, timelines: { ...next.timelines, [roomId]: received } };
  }
  const userId = state.me?.id ?? null;
  next = patchRoom(next, roomId, (room) => recount(noteMessage(room, message, userId), received, userId));
  return isOwn(state, message) ? dropPending(next, roomId, message.temp_id) : next;
}

function reduceAck(state: State, { room_id, temp_id, seq }: EventPayload<"message_ack">): State {
  const pending = state.pending[room_id];
  const marked = pending?.map((sent) =>
    sent.temp_id === temp_id ? { ...sent, status: "sent" as const, seq, error: null } : sent,
  );
  const next = marked ? { ...state, pending: { ...state.pending, [room_id]: marked } } : state;
  return dropShown(reduceRead(next, room_id, seq), room_id);
}

/** Moves one's own read cursor, never back. */
export function reduceRead(state: State, roomId: string, seq: number): State {
  const userId = state.me?.id ?? null;
  return patchRoom(state, roomId, (room) => recount(readUpTo(room, seq), state.timelines[roomId], userId));
}

function reduceChanges(state: State, changes: EventPayload<"sync_batch">): State {
  const { room_id, room, messages, members, members_removed, cursors, rev, has_more } = changes;
  let next = state;
  for (const message of messages) next = reduceMessage(next, message);
  if (room) next = patchRoom(next, room_id, (held) => merge(held, room));
  const ownRole = members.find(({ user_id }) => user_id === state.me?.id)?.role;
  if (ownRole) next = patchRoom(next, room_id, (held) => ({ ...held, my_role: ownRole }));
  next = countMembers(patchMembers(next, room_id, members, members_removed), room_id);
  const own = cursors.find(({ user_id }) => user_id === state.me?.id);
  if (own) next = reduceRead(next, room_id, own.read_seq);
  return dropShown(synced(next, room_id, rev, { more: has_more }), room_id);
}

type RoomEvent = Extract<ServerFrame, { type: "room_updated" | "user_joined" | "user_left" | "member_updated" }>;

function reduceRoomEvent(state: State, frame: RoomEvent): State {
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
      const counted = patchRoom(next, room_id, (room) => ({ ...room, member_count: room.member_count - 1 }));
      return countMembers(patchMembers(counted, room_id, [], [frame.payload.user_id]), room_id);
    }
    case "member_updated": {
      const { member } = frame.payload;
      const mine = member.user_id === state.me?.id;
      const known = mine ? patchRoom(next, room_id, (room) => ({ ...room, my_role: member.role })) : next;
      return patchMembers(known, room_id, [member], []);
    }
  }
}

/** A person's public profile changed: wherever they appear, they appear anew. */
function reduceUser(state: State, user: UserRef): State {
  const renamed = <M extends TimelineMessage | null>(message: M): M =>
    message && "sender" in message && message.sender.id === user.id ? { ...message, sender: user } : message;
  const { id: user_id, username, display_name, avatar_url } = user;
  let next = state;
  for (const [roomId, room] of Object.entries(state.rooms)) {
    const last_message = renamed(room.last_message);
    if (last_message !== room.last_message) next = patchRoom(next, roomId, (held) => ({ ...held, last_message }));
    const member = state.members[roomId]?.byId[user_id];
    if (member) next = patchMembers(next, roomId, [{ ...member, username, display_name, avatar_url }], []);
  }
  for (const [roomId, timeline] of Object.entries(state.timelines)) {
    if (!timeline.messages.some((message) => renamed(message) !== message)) continue;
    const changed = { ...timeline, messages: timeline.messages.map(renamed) };
    next = { ...next, timelines: { ...next.timelines, [roomId]: changed } };
  }
  return next;
}

/** The room's settings as they are now; its numbers only ever rise. */
function merge(held: RoomState, room: Room): RoomState {
  const last_seq = Math.max(held.last_seq, room.last_seq);
  return { ...held, ...room, last_seq, rev: Math.max(held.rev, room.rev) };
}

function isOwn(state: State, message: TimelineMessage): message is Message & { temp_id: string } {
  return "sender" in message && message.temp_id !== null && message.sender.id === state.me?.id;
}

function dropPending(state: State, roomId: string, tempId: string): State {
  const pending = state.pending[roomId];
  if (!pending?.some(({ temp_id }) => temp_id === tempId)) return state;
  const left = pending.filter(({ temp_id }) => temp_id !== tempId);
  return { ...state, pending: { ...state.pending, [roomId]: left } };
}

/** Drops acked sends that the timeline shows, or that nobody waits to see because no timeline is held. */
function dropShown(state: State, roomId: string): State {
  const pending = state.pending[roomId];
  const timeline = state.timelines[roomId];
  const shownUpTo = timeline ? endOf(timeline) : Number.POSITIVE_INFINITY;
  const left = pending?.filter(({ seq }) => seq === null || seq > shownUpTo);
  if (!left || left.length === pending?.length) return state;
  return { ...state, pending: { ...state.pending, [roomId]: left } };
}
