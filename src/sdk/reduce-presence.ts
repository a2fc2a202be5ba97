import type { EventPayload, ServerFrame } from "../protocol/events.ts";
import type { Presence } from "../protocol/models.ts";
import { patchRoom, without } from "./room-changes.ts";
import type { State, Typist } from "./state.ts";

/** What frames say of how people are and who is typing; every other frame changes nothing here. */
export function reducePresence(state: State, frame: ServerFrame): State {
  switch (frame.type) {
    case "ready":
      // Those whom a view watches are asked for again, and the others forgotten then.
      return { ...learn(state, frame.payload.presence), typing: {} };
    case "presence":
      return learn(state, frame.payload.users);
    case "user_status_changed":
      return learn(state, [frame.payload]);
    case "relationship_changed": {
      const { user, friend } = frame.payload;
      if (friend) return learn(state, [{ ...user, user_id: user.id }]);
      const isPartner = Object.values(state.rooms).some(({ peer }) => peer?.id === user.id);
      return isPartner ? state : forgetPresence(state, [user.id]);
    }
    case "room_added": {
      const { peer } = frame.payload.room;
      return peer ? learn(state, [{ ...peer, user_id: peer.id }]) : state;
    }
    case "me_updated": {
      // Where one is among those whom a view watches: others hear of it by an event of theirs.
      const { id: user_id, status } = frame.payload.user;
      return state.presence[user_id] ? learn(state, [{ user_id, status, last_seen_at: null }]) : state;
    }
    case "user_typing":
      return reduceTyping(state, frame.payload, frame.timestamp);
    // A message ends its sender's typing, and so does leaving.
    case "new_message":
    case "new_direct_message":
      return "sender" in frame.payload ? stopTyping(state, frame.payload.room_id, frame.payload.sender.id) : state;
    case "user_left":
      return stopTyping(state, frame.payload.room_id, frame.payload.user_id);
    case "room_removed":
    case "room_deleted": {
      const typing = without(state.typing, frame.payload.room_id);
      return typing === state.typing ? state : { ...state, typing };
    }
    default:
      return state;
  }
}

function learn(state: State, users: readonly Presence[]): State {
  if (users.length === 0) return state;
  const seen = new Map(users.map(({ user_id, status, last_seen_at }) => [user_id, { status, last_seen_at }]));
  const next = { ...state, presence: { ...state.presence, ...Object.fromEntries(seen) } };
  return Object.values(state.rooms).reduce((before, { id, peer }) => {
    const now = peer && seen.get(peer.id);
    const isSame = !now || (now.status === peer.status && now.last_seen_at === peer.last_seen_at);
    return isSame ? before : patchRoom(before, id, (room) => ({ ...room, peer: { ...peer, ...now } }));
  }, next);
}

/** Nobody is told of these people any more: what is known of them grows old. */
export function forgetPresence(state: State, userIds: readonly string[]): State {
  const gone = new Set(userIds);
  const kept = Object.entries(state.presence).filter(([userId]) => !gone.has(userId));
  return { ...state, presence: Object.fromEntries(kept) };
}

function reduceTyping(state: State, payload: EventPayload<"user_typing">, heard_at: string): State {
  const { room_id, user, is_typing } = payload;
  if (user.id === state.me?.id || !state.rooms[room_id]) return state;
  if (!is_typing) return stopTyping(state, room_id, user.id);
  const typist: Typist = { ...user, heard_at };
  const before = state.typing[room_id] ?? [];
  // Who goes on typing keeps their place.
  const isKnown = before.some(({ id }) => id === user.id);
  const typists = isKnown ? before.map((each) => (each.id === user.id ? typist : each)) : [...before, typist];
  return { ...state, typing: { ...state.typing, [room_id]: typists } };
}

/** Somebody types no more; with `heardAt` only unless they were heard again since. */
export function stopTyping(state: State, roomId: string, userId: string, heardAt?: string): State {
  const typists = state.typing[roomId];
  const left = typists?.filter(({ id, heard_at }) => id !== userId || (heardAt !== undefined && heard_at !== heardAt));
  if (!typists || !left || left.length === typists.length) return state;
  const typing = left.length > 0 ? { ...state.typing, [roomId]: left } : without(state.typing, roomId);
  return { ...state, typing };
}
