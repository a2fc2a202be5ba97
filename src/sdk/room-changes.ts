import type { Member } from "../protocol/models.ts";
import { onEntering } from "./progress.ts";
import type { RoomState, State } from "./state.ts";

/** Changes one room; an unknown one, or one that `change` returns as it was, changes nothing. */
export function patchRoom(state: State, roomId: string, change: (room: RoomState) => RoomState): State {
  const room = state.rooms[roomId];
  const changed = room && change(room);
  return !changed || changed === room ? state : { ...state, rooms: { ...state.rooms, [roomId]: changed } };
}

/** Changes a room's people, if they are held. Those that are yet to come will come as they are then. */
export function patchMembers(
  state: State,
  roomId: string,
  changed: readonly Member[],
  removed: readonly string[],
): State {
  const list = state.members[roomId];
  if (!list?.loaded || (changed.length === 0 && removed.length === 0)) return state;
  const byId = { ...list.byId };
  for (const userId of removed) delete byId[userId];
  for (const member of changed) byId[member.user_id] = member;
  return { ...state, members: { ...state.members, [roomId]: { ...list, byId } } };
}

/** Where all of a room's people are held, their number is the room's; events that were missed told of none. */
export function countMembers(state: State, roomId: string): State {
  const list = state.members[roomId];
  if (!list?.complete) return state;
  const member_count = Object.keys(list.byId).length;
  return patchRoom(state, roomId, (room) => (room.member_count === member_count ? room : { ...room, member_count }));
}

/** A room with its present state. What is held of it already may be older, and is asked for. */
export function enterRoom(state: State, room: RoomState): State {
  return {
    ...state,
    rooms: { ...state.rooms, [room.id]: room },
    progress: { ...state.progress, [room.id]: onEntering(state, room) },
  };
}

/** A room one is no longer in, and all that is held of it. */
export function forgetRoom(state: State, roomId: string): State {
  return {
    ...state,
    rooms: without(state.rooms, roomId),
    timelines: without(state.timelines, roomId),
    members: without(state.members, roomId),
    pins: without(state.pins, roomId),
    progress: without(state.progress, roomId),
  };
}

/** Another history of the database: what is held of the former one means nothing any more. */
export function startAfresh(state: State, epoch: string): State {
  if (state.epoch === null) return { ...state, epoch };
  return { ...state, epoch, timelines: {}, members: {}, pins: {}, progress: {} };
}

export function without<V>(record: Readonly<Record<string, V>>, key: string): Readonly<Record<string, V>> {
  if (!(key in record)) return record;
  const { [key]: _, ...rest } = record;
  return rest;
}
