import type { EventPayload, ServerFrame } from "../protocol/events.ts";
import type { FriendRequest, JoinedRoom, TimelineMessage, User, UserRef } from "../protocol/models.ts";
import { hearChange } from "./hear-change.ts";
import { changeHeld } from "./held-messages.ts";
import { hear, onEntering } from "./progress.ts";
import { patchRoom, without } from "./room-changes.ts";
import type { PendingRequest, State, Timeline } from "./state.ts";
import { addPage, emptyTimeline, endOf } from "./timeline.ts";
import { recount } from "./unread.ts";

/** What frames say of friends, requests and blocks, and what follows for what is held of the blocked. */
export function reduceRelations(state: State, frame: ServerFrame): State {
  switch (frame.type) {
    case "ready":
      return { ...state, ...relationsIn(frame.payload) };
    case "relationship_changed":
      return reduceRelation(state, frame.payload);
    case "room_advanced":
      return reduceAdvance(state, frame.payload);
    case "user_updated":
      return renameRelated(state, frame.payload.user);
    default:
      return state;
  }
}

function reduceAdvance(state: State, { room_id, message_id, rev }: EventPayload<"room_advanced">): State {
  const heard =
    message_id === undefined
      ? hear(state, room_id, rev, { aboutRoom: false })
      : hearChange(state, room_id, message_id, rev);
  return changeHeld(heard, room_id, (message) =>
    message.id === message_id && message.rev < rev ? { ...message, rev } : message,
  );
}

function relationsIn({ friends, friend_requests, blocks }: EventPayload<"ready">) {
  return {
    friends: Object.fromEntries(friends.map((friend) => [friend.id, refOf(friend)])),
    friendRequests: Object.fromEntries(friend_requests.map((request) => [request.user.id, pendingOf(request)])),
    blocks: Object.fromEntries(blocks.map((blocked) => [blocked.id, blocked])),
  };
}

/** How they are is in `presence`. */
function refOf({ id, username, display_name, avatar_url }: User): UserRef {
  return { id, username, display_name, avatar_url };
}

function pendingOf(request: FriendRequest): PendingRequest {
  return { ...request, user: refOf(request.user) };
}

function reduceRelation(state: State, relation: EventPayload<"relationship_changed">): State {
  const { user, friend, friend_request, blocked } = relation;
  const ref = refOf(user);
  const set = <V>(held: Readonly<Record<string, V>>, value: V | null) =>
    value === null ? without(held, user.id) : { ...held, [user.id]: value };
  const next: State = {
    ...state,
    friends: set(state.friends, friend ? ref : null),
    friendRequests: set(state.friendRequests, friend_request && pendingOf(friend_request)),
    blocks: set(state.blocks, blocked ? ref : null),
  };
  return blocked && !(user.id in state.blocks) ? hideBlocked(next, user.id) : next;
}

/** At once, before everything is read anew: nothing of the blocked stays on screen. */
function hideBlocked(state: State, userId: string): State {
  const hide = <M extends TimelineMessage | null>(message: M): M | TimelineMessage => {
    if (message === null || !("sender" in message)) return message;
    const { id, room_id, seq, rev, type, sender, reply_to } = message;
    if (sender.id === userId && type !== "system") return { id, room_id, seq, rev, is_hidden: true };
    return reply_to?.sender.id === userId ? { ...message, reply_to: null } : message;
  };
  let next = state;
  for (const [roomId, timeline] of Object.entries(state.timelines)) {
    const hidden = { ...timeline, messages: timeline.messages.map(hide), ahead: timeline.ahead.map(hide) };
    next = { ...next, timelines: { ...next.timelines, [roomId]: hidden } };
  }
  for (const roomId of Object.keys(state.rooms)) {
    next = patchRoom(next, roomId, (room) =>
      recount({ ...room, last_message: hide(room.last_message) }, next.timelines[roomId], state.me?.id ?? null),
    );
  }
  return next;
}

function renameRelated(state: State, user: UserRef): State {
  const { id } = user;
  const request = state.friendRequests[id];
  return {
    ...state,
    ...(id in state.friends && { friends: { ...state.friends, [id]: user } }),
    ...(request && { friendRequests: { ...state.friendRequests, [id]: { ...request, user } } }),
    ...(id in state.blocks && { blocks: { ...state.blocks, [id]: user } }),
  };
}

/** Rooms as they were read anew, where nothing newer has come meanwhile. */
export function rereadRooms(state: State, rooms: readonly JoinedRoom[]): State {
  let next = state;
  for (const room of rooms) {
    const held = next.rooms[room.id];
    if (!held || room.rev < held.rev) continue;
    const { last_message, unread_count, mention_count, peer } = room;
    const isNewer = room.rev > held.rev;
    // How the other one is comes by events, and was maybe read where less was known.
    const read = peer ? { ...room, peer: { ...peer, ...state.presence[peer.id] } } : room;
    const merged = isNewer ? read : { ...held, last_message, unread_count, mention_count };
    next = {
      ...next,
      rooms: { ...next.rooms, [room.id]: { ...merged, read_seq: Math.max(held.read_seq, room.read_seq) } },
      ...(isNewer && { progress: { ...next.progress, [room.id]: onEntering(next, room) } }),
    };
  }
  return next;
}

/** A window as it was read anew: of the same `rev`, what was read counts; what came after it stays. */
export function rereadTimeline(
  state: State,
  roomId: string,
  messages: readonly TimelineMessage[],
  hasNewer: boolean,
): State {
  const held = state.timelines[roomId];
  if (!held) return state;
  const bySeq = new Map(held.messages.map((message) => [message.seq, message]));
  const read = messages.map((message) => {
    const known = bySeq.get(message.seq);
    return known && known.rev > message.rev ? known : message;
  });
  const after = held.messages.filter(({ seq }) => seq > endOf({ messages: read }));
  const fresh: Timeline = { ...emptyTimeline, messages: read, ahead: after, loading: held.loading, live: held.live };
  // A window that follows the room goes on doing so, though the room may be known to be further than what was read: what
  // lies between is on its way as it was before.
  const lastSeq = held.live ? 0 : (state.rooms[roomId]?.last_seq ?? null);
  const joined = addPage(fresh, "page", read, { lastSeq, hasNewer });
  return { ...state, timelines: { ...state.timelines, [roomId]: { ...joined, loading: held.loading } } };
}
