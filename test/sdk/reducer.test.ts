import { expect, test } from "bun:test";
import { limits } from "../../src/protocol/limits.ts";
import type { Me } from "../../src/protocol/models.ts";
import { placeFor } from "../../src/sdk/reduce-conversation.ts";
import { reduce } from "../../src/sdk/reducer.ts";
import { initialState, type State } from "../../src/sdk/state.ts";
import { type Event, ModelRoom, person } from "./model-room.ts";

const [ann, ben] = [person("ann"), person("ben")];
const me = { ...ann } as Me;

function hear(state: State, ...events: readonly Event[]): State {
  return events.reduce(
    (before, event) =>
      reduce(before, { type: "frame", frame: { ...event, timestamp: "2026-01-09T10:30:00.000Z" } as never }),
    state,
  );
}

function ready(...rooms: ModelRoom[]): Event {
  const empty = { friends: [], friend_requests: [], blocks: [], presence: [], unread_notifications: 0 };
  return { type: "ready", payload: { user: me, rooms: rooms.map((room) => room.joinedRoom(ann)), ...empty } };
}

const twoRooms = () => [new ModelRoom("one", [ann, ben]), new ModelRoom("two", [ann, ben])] as const;
const page = (room: ModelRoom) => ({
  type: "page_loaded" as const,
  room_id: room.id,
  page: "page" as const,
  messages: room.history(new URLSearchParams()).data,
  has_newer: false,
});
const open = (state: State, room: ModelRoom) =>
  reduce(reduce(state, { type: "page_requested", room_id: room.id, page: "page" }), page(room));

test("a message in one room leaves everything else as it was, object by object", () => {
  const [one, two] = twoRooms();
  two.send(ben, "before");
  const before = open(open(hear(initialState, ready(one, two)), one), two);
  const after = hear(before, ...one.send(ben, "hello").events);
  expect(after.rooms["two"]).toBe(before.rooms["two"]!);
  expect(after.timelines["two"]).toBe(before.timelines["two"]!);
  expect(after.members).toBe(before.members);
  expect(after.pending).toBe(before.pending);
  const again = hear(after, { type: "new_message", payload: one.messages[0]! });
  expect(again).toBe(after);
});

test("unread counts what others wrote after the cursor, up to the limit", () => {
  const [one] = twoRooms();
  let state = hear(initialState, ready(one));
  for (let count = 0; count < limits.unreadMax + 5; count++) state = hear(state, ...one.send(ben, "hello").events);
  expect(state.rooms["one"]?.unread_count).toBe(limits.unreadMax);
  state = hear(state, ...one.rename(ben, "Renamed"));
  expect(state.rooms["one"]).toMatchObject({ name: "Renamed", last_seq: limits.unreadMax + 6 });
  state = hear(state, ...one.send(ann, "mine").events);
  expect(state.rooms["one"]).toMatchObject({ unread_count: 0, read_seq: limits.unreadMax + 7 });
});

test("reading up to a message leaves the later ones unread, and the cursor never goes back", () => {
  const [one] = twoRooms();
  for (const text of ["a", "b", "c"]) one.send(ben, text);
  let state = open(hear(initialState, ready(one)), one);
  state = reduce(state, { type: "read", room_id: "one", seq: 2 });
  expect(state.rooms["one"]).toMatchObject({ read_seq: 2, unread_count: 1 });
  expect(reduce(state, { type: "read", room_id: "one", seq: 1 })).toBe(state);
  state = hear(state, ...one.read(ann, one.messages[2]!.id));
  expect(state.rooms["one"]).toMatchObject({ read_seq: 3, unread_count: 0 });
});

test("system lines, deleted, recalled and hidden messages are nothing to read", () => {
  const [one] = twoRooms();
  let state = hear(initialState, ready(one));
  state = hear(state, ...one.join(person("cid")));
  const deleted = { ...one.send(ben, "").message, is_deleted: true };
  const recalled = { ...one.send(ben, "").message, is_recalled: true };
  state = hear(state, { type: "new_message", payload: deleted }, { type: "new_message", payload: recalled });
  const { id, seq, rev } = one.send(ben, "blocked").message;
  const hidden = { id, room_id: "one", seq, rev, is_hidden: true as const };
  const changes = { ...one.changes(rev - 1, 10), messages: [hidden] };
  state = hear(state, { type: "sync_batch", payload: changes });
  expect(state.rooms["one"]).toMatchObject({ last_seq: 4, unread_count: 0, last_message: hidden });
});

test("what ready already contains is not applied again when it comes late", () => {
  const [one] = twoRooms();
  const late = one.join(person("cid"));
  const state = hear(initialState, ready(one));
  expect(hear(state, ...late).rooms["one"]?.member_count).toBe(3);
});

test("an event of a later revision than the next leaves a held room behind, an unheld one just further", () => {
  const [one, two] = twoRooms();
  let state = open(hear(initialState, ready(one, two)), one);
  for (const room of [one, two]) {
    room.send(ben, "lost");
    state = hear(state, ...room.send(ben, "heard").events);
  }
  expect(state.progress["one"]).toMatchObject({ synced: 0, behind: true });
  expect(state.timelines["one"]).toMatchObject({ messages: [], ahead: [{ content: "heard" }] });
  expect(state.progress["two"]).toMatchObject({ behind: false });
  state = hear(state, { type: "sync_batch", payload: one.changes(0, 10) });
  expect(state.progress["one"]).toMatchObject({ synced: 2, behind: false });
  expect(state.timelines["one"]?.messages.map(({ seq }) => seq)).toEqual([1, 2]);
});

test("what an event has taken further than an answer knows is asked for again", () => {
  const [one] = twoRooms();
  one.send(ben, "hello");
  const message = one.messages[0]!;
  const state = open(hear(initialState, ready(one)), one);
  // As after a hole that was filled: the message is told as it is, but not whose its reactions are.
  const edited = { ...message, rev: message.rev + 2, content: "hello, ann" };
  const heard = hear(state, { type: "message_updated", payload: edited });
  const reactions = [{ emoji: "👍", count: 1, me: true }];
  const answer = (rev: number, sent: object) =>
    ({
      type: "sync_batch",
      payload: {
        room_id: "one",
        messages: [sent],
        members: [],
        members_removed: [],
        cursors: [],
        rev,
        has_more: false,
      },
    }) as Event;
  const late = hear(heard, answer(message.rev + 1, { ...message, rev: message.rev + 1, reactions }));
  expect(late.timelines["one"]?.messages.at(-1)).toMatchObject({ content: "hello, ann" });
  expect(late.progress["one"]?.behind).toBe(true);
  const caughtUp = hear(late, answer(message.rev + 2, { ...edited, reactions }));
  expect(caughtUp.timelines["one"]?.messages.at(-1)).toMatchObject({ content: "hello, ann", reactions });
  expect(caughtUp.progress["one"]?.behind).toBe(false);
});

test("a change of a message that is still on its way is asked for, not lost on it", () => {
  const [one] = twoRooms();
  one.send(ben, "hello");
  const state = open(hear(initialState, ready(one)), one);
  one.send(ben, "missed");
  const missed = one.messages.at(-1)!;
  one.send(ben, "heard");
  // The second was lost; then somebody reacts to it, while it is asked for.
  const behind = hear(state, { type: "new_message", payload: one.messages.at(-1)! });
  expect(behind.progress["one"]?.behind).toBe(true);
  const rev = one.messages.at(-1)!.rev + 1;
  const reaction = { room_id: "one", message_id: missed.id, emoji: "👍", count: 1, user_id: ben.id, added: true, rev };
  const heard = hear(behind, { type: "reaction_changed", payload: reaction });
  const answer = (upTo: number, messages: object[]) =>
    ({
      type: "sync_batch",
      payload: { room_id: "one", messages, members: [], members_removed: [], cursors: [], rev: upTo, has_more: false },
    }) as Event;
  const stale = hear(heard, answer(rev - 1, one.messages.slice(-2)));
  expect(stale.progress["one"]?.behind).toBe(true);
  const reactions = [{ emoji: "👍", count: 1, me: false }];
  const fresh = hear(stale, answer(rev, [{ ...missed, rev, reactions }]));
  expect(fresh.timelines["one"]?.messages.find(({ id }) => id === missed.id)).toMatchObject({ reactions });
  expect(fresh.progress["one"]?.behind).toBe(false);
});

test("a window that is read anew goes on following its room, though more of the room is known than was read", () => {
  const [one] = twoRooms();
  one.send(ben, "read");
  const state = open(hear(initialState, ready(one)), one);
  const messages = one.messages.slice();
  one.send(ben, "on its way");
  const told = hear(state, ready(one));
  const reread = reduce(told, { type: "timeline_reread", room_id: "one", messages, has_newer: false });
  expect(reread.timelines["one"]?.live).toBe(true);
  const next = hear(reread, { type: "new_message", payload: one.messages.at(-1)! });
  expect(next.timelines["one"]?.messages.at(-1)).toMatchObject({ content: "on its way" });
});

test("word of a room that comes after what happened there since changes nothing", () => {
  const [one] = twoRooms();
  const added: Event = { type: "room_added", payload: { room: one.joinedRoom(ann) } };
  const state = hear(hear(initialState, ready(one)), ...one.send(ben, "hello").events);
  expect(hear(state, added)).toBe(state);
});

test("the ack of a first message to a person settles it, though word of their room comes later", () => {
  const [one] = twoRooms();
  const state = hear(initialState, ready(one));
  const place = placeFor("cleo");
  const waiting = { temp_id: "t", room_id: place, receiver_id: "cleo", content: "hello", created_at: "", seq: null };
  const sending = reduce(state, {
    type: "pending",
    room_id: place,
    messages: [{ ...waiting, status: "sending", error: null }],
  });
  const ack = { temp_id: "t", id: "m", room_id: "new", seq: 1, rev: 2, created_at: "2026-01-09T10:30:00.000Z" };
  const acked = hear(sending, { type: "message_ack", payload: ack });
  expect(Object.values(acked.pending).flat()).toEqual([]);
});

test("another epoch takes everything that was held, the rooms come anew", () => {
  const [one] = twoRooms();
  const connected = (epoch: string): Event => ({
    type: "connected",
    payload: { user_id: ann.id, session_id: "s", server_time: me.created_at, epoch, heartbeat_s: 30 },
  });
  one.send(ben, "before the backup");
  let state = open(hear(initialState, connected("first"), ready(one)), one);
  expect(hear(state, connected("first"))).toBe(state);
  state = hear(state, connected("second"));
  expect(state).toMatchObject({ epoch: "second", timelines: {}, members: {}, progress: {} });
});

test("leaving a room takes all that was held of it", () => {
  const [one, two] = twoRooms();
  let state = open(hear(initialState, ready(one, two)), one);
  state = hear(state, { type: "room_removed", payload: { room_id: "one", reason: "kicked" } });
  expect(Object.keys(state.rooms)).toEqual(["two"]);
  expect(state.timelines).toEqual({});
  expect(hear(state, { type: "room_added", payload: { room: one.joinedRoom(ann) } }).rooms["one"]).toBeDefined();
});

test("a new display name appears wherever the person does", () => {
  const [one] = twoRooms();
  one.send(ben, "hello");
  const state = open(hear(initialState, ready(one)), one);
  const renamed = hear(state, { type: "user_updated", payload: { user: { ...ben, display_name: "Benjamin" } } });
  expect(renamed.timelines["one"]?.messages).toMatchObject([{ sender: { display_name: "Benjamin" } }]);
  expect(renamed.rooms["one"]?.last_message).toMatchObject({ sender: { display_name: "Benjamin" } });
});

test("an older window does not collect what is written at the end of the room", () => {
  const [one] = twoRooms();
  for (let count = 0; count < 60; count++) one.send(ben, "hello");
  let state = hear(initialState, ready(one));
  const messages = one.messages.slice(10, 20);
  state = reduce(state, { type: "page_requested", room_id: "one", page: "page" });
  state = reduce(state, { ...page(one), messages, has_newer: true });
  expect(state.timelines["one"]).toMatchObject({ live: false, hasOlder: true });
  state = hear(state, ...one.send(ben, "new").events);
  expect(state.timelines["one"]).toMatchObject({ live: false, ahead: [] });
  expect(state.rooms["one"]).toMatchObject({ last_seq: 61 });
});
