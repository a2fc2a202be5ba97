import type { EventPayload, ServerFrame } from "../protocol/events.ts";
import type { Cursor, Me, TimelineMessage, UserRef } from "../protocol/models.ts";
import { patchRoom, without } from "./room-changes.ts";
import type { PendingMessage, RoomState, State } from "./state.ts";

/** Conversations of two, and how far everybody has come in rooms that tell. */

/** Where messages wait for a person with whom there is no room yet. */
export function placeFor(userId: string): string {
  return `direct:${userId}`;
}

/** Moves cursors forward, never back; unknown ones are added only where `all` of a room's have come. */
function advance(cursors: readonly Cursor[], moved: Cursor): readonly Cursor[] {
  const index = cursors.findIndex(({ user_id }) => user_id === moved.user_id);
  const held = cursors[index];
  if (!held) return cursors;
  const read_seq = Math.max(held.read_seq, moved.read_seq);
  const delivered_seq = Math.max(held.delivered_seq, moved.delivered_seq, read_seq);
  if (read_seq === held.read_seq && delivered_seq === held.delivered_seq) return cursors;
  return cursors.with(index, { ...held, read_seq, delivered_seq });
}

/** The room with somebody's cursor at least there. */
export function withCursor(room: RoomState, moved: Cursor): RoomState {
  if (!room.cursors) return room;
  const cursors = advance(room.cursors, moved);
  return cursors === room.cursors ? room : { ...room, cursors: [...cursors] };
}

/** Who has written has been there. */
export function withWriter(room: RoomState, message: TimelineMessage, me: State["me"]): RoomState {
  if (!room.cursors || "is_hidden" in message || message.type === "system") return room;
  const { seq, sender } = message;
  return withCursor(room, { user_id: sender.id, read_seq: seesReading(me, sender.id) ? seq : 0, delivered_seq: seq });
}

/** Who keeps their receipts to themselves sees nobody else's. */
function seesReading(me: State["me"], userId: string): boolean {
  return userId === me?.id || me?.privacy.read_receipts !== false;
}

/** One's own profile changed; who keeps their receipts to themselves from now on forgets the others'. */
export function reduceMe(state: State, me: Me): State {
  const next = { ...state, me };
  if (me.privacy.read_receipts || !state.me?.privacy.read_receipts) return next;
  const rooms = Object.entries(state.rooms).map(([id, room]): [string, RoomState] => {
    const cursors = room.cursors?.map((cursor) => (cursor.user_id === me.id ? cursor : { ...cursor, read_seq: 0 }));
    return [id, cursors ? { ...room, cursors } : room];
  });
  return { ...next, rooms: Object.fromEntries(rooms) };
}

/** The message without how far it has come: that is told by the cursors, which events move. */
export function withoutStatus(message: TimelineMessage): TimelineMessage {
  if (!("status" in message)) return message;
  const { status: _, ...rest } = message;
  return rest;
}

type ReceiptFrame = Extract<ServerFrame, { type: "message_read" | "message_delivered" }>;

/** Somebody has got or read a room up to a message. */
export function reduceReceipt(state: State, { type, payload }: ReceiptFrame): State {
  const { room_id, user_id } = payload;
  const moved =
    type === "message_read"
      ? { user_id, read_seq: payload.read_seq, delivered_seq: payload.read_seq }
      : { user_id, read_seq: 0, delivered_seq: payload.delivered_seq };
  return patchRoom(state, room_id, (room) => withCursor(room, moved));
}

/** Everybody's cursors in a room, as they came with an answer. */
export function reduceCursors(state: State, roomId: string, cursors: readonly Cursor[]): State {
  if (cursors.length === 0) return state;
  return patchRoom(state, roomId, (room) => {
    const held = room.cursors ?? [];
    const merged = cursors.map(
      (cursor) => advance([cursor], held.find(({ user_id }) => user_id === cursor.user_id) ?? cursor)[0] ?? cursor,
    );
    return { ...room, cursors: merged };
  });
}

/** Who has left is not waited for. */
export function withoutCursor(room: RoomState, userId: string): RoomState {
  if (!room.cursors?.some(({ user_id }) => user_id === userId)) return room;
  return { ...room, cursors: room.cursors.filter(({ user_id }) => user_id !== userId) };
}

/** The cursors that a sync brought of a room whose cursors are held. */
export function moveCursors(state: State, roomId: string, cursors: readonly Cursor[]): State {
  return patchRoom(state, roomId, (room) => cursors.reduce(withCursor, room));
}

/** Nothing up to `up_to_seq` is shown any more. */
export function reduceCleared(state: State, { room_id, up_to_seq }: EventPayload<"conversation_cleared">): State {
  const next = patchRoom(state, room_id, (room) => {
    if (up_to_seq <= (room.cleared_seq ?? 0)) return room;
    const read_seq = Math.max(room.read_seq, up_to_seq);
    const isEmpty = room.last_seq <= up_to_seq;
    const counts = {
      read_seq,
      unread_count: isEmpty ? 0 : room.unread_count,
      mention_count: isEmpty ? 0 : room.mention_count,
    };
    return { ...room, ...counts, cleared_seq: up_to_seq, last_message: isEmpty ? null : room.last_message };
  });
  return dropCleared(next, room_id);
}

/** Drops from a timeline what its room was emptied of. */
export function dropCleared(state: State, roomId: string): State {
  const floor = state.rooms[roomId]?.cleared_seq ?? 0;
  const held = state.timelines[roomId];
  if (!held || (held.floor ?? 0) >= floor) return state;
  const isShown = ({ seq }: TimelineMessage) => seq > floor;
  const timeline = { ...held, floor, messages: held.messages.filter(isShown), ahead: held.ahead.filter(isShown) };
  return { ...state, timelines: { ...state.timelines, [roomId]: timeline } };
}

/** What waited for a person goes into the room that there now is. */
export function reduceOpened(state: State, { id, peer }: Pick<RoomState, "id" | "peer">): State {
  const place = peer && placeFor(peer.id);
  return place === undefined ? state : movePending(state, place, id);
}

/** What was sent to a person goes to the room that it made. */
export function movePending(state: State, place: string, id: string): State {
  const waiting = state.pending[place];
  if (!waiting) return state;
  const moved = waiting.map((message): PendingMessage => {
    const { receiver_id: _, ...rest } = message;
    return { ...rest, room_id: id };
  });
  const pending = { ...without(state.pending, place), [id]: [...(state.pending[id] ?? []), ...moved] };
  return { ...state, pending };
}

/** The other one of a conversation goes by another name. */
export function withPeer(room: RoomState, user: UserRef): RoomState {
  return room.peer?.id === user.id ? { ...room, peer: { ...room.peer, ...user } } : room;
}
