import { expect, test } from "bun:test";
import type { Me, TimelineMessage } from "../../src/protocol/models.ts";
import type { Http } from "../../src/sdk/http.ts";
import { oldAfterMs, Relations } from "../../src/sdk/relations.ts";
import { reduce } from "../../src/sdk/reducer.ts";
import { initialState, type State } from "../../src/sdk/state.ts";
import { createStore } from "../../src/sdk/store.ts";
import { FakeClock, settle } from "./fake-clock.ts";
import { type Event, ModelRoom, person } from "./model-room.ts";

const [ann, ben, cleo] = [person("ann"), person("ben"), person("cleo")];
const roomId = "room";

function hear(state: State, ...events: readonly Event[]): State {
  return events.reduce(
    (before, event) =>
      reduce(before, { type: "frame", frame: { ...event, timestamp: "2026-01-09T10:30:00.000Z" } as never }),
    state,
  );
}

/** Ann has a room open in which Ben and Cleo have written; nothing was read. */
function opened(): { state: State; room: ModelRoom } {
  const room = new ModelRoom(roomId, [ann, ben, cleo]);
  for (const [who, text] of [
    [ben, "one"],
    [cleo, "two"],
    [ben, "three"],
  ] as const) {
    room.send(who, text);
  }
  const empty = { friends: [], friend_requests: [], blocks: [], presence: [], unread_notifications: 0 };
  const ready: Event = { type: "ready", payload: { user: ann as Me, rooms: [room.joinedRoom(ann)], ...empty } };
  const asked = reduce(hear(initialState, ready), { type: "page_requested", room_id: roomId, page: "page" });
  const messages = room.history(new URLSearchParams()).data;
  return {
    state: reduce(asked, { type: "page_loaded", room_id: roomId, page: "page", messages, has_newer: false }),
    room,
  };
}

const changed = (relation: { friend?: boolean; blocked?: boolean }): Event => ({
  type: "relationship_changed",
  payload: {
    user: { ...ben, status: "offline", last_seen_at: null },
    friend: false,
    request: null,
    friend_request: null,
    blocked: false,
    ...relation,
  },
});

const words = (messages: readonly TimelineMessage[] = []) =>
  messages.map((message) => ("is_hidden" in message ? "-" : message.content));

test("a friend is kept without how they are, which is in the presence, and goes with the friendship", () => {
  const { state } = opened();
  const befriended = hear(state, changed({ friend: true }));
  const { id, username, display_name, avatar_url } = ben;
  expect(befriended.friends).toEqual({ [id]: { id, username, display_name, avatar_url } });
  expect(befriended.presence[id]).toEqual({ status: "offline", last_seen_at: null });
  const parted = hear(befriended, changed({}));
  expect(parted.friends).toEqual({});
  expect(parted.presence).toEqual({});
});

test("who is blocked is hidden at once in what is held, and counts no more", () => {
  const { state } = opened();
  expect(state.rooms[roomId]?.unread_count).toBe(3);
  const blocked = hear(state, changed({ blocked: true }));
  expect(words(blocked.timelines[roomId]?.messages)).toEqual(["-", "two", "-"]);
  expect(Object.keys(blocked.timelines[roomId]?.messages[0] ?? {}).sort()).toEqual([
    "id",
    "is_hidden",
    "rev",
    "room_id",
    "seq",
  ]);
  expect(blocked.rooms[roomId]?.last_message).toMatchObject({ is_hidden: true });
  expect(blocked.rooms[roomId]?.unread_count).toBe(1);
});

test("what is read anew takes the place of what is held, but for what is newer and what came meanwhile", () => {
  const { state, room } = opened();
  const blocked = hear(state, changed({ blocked: true }));
  const messages = room.history(new URLSearchParams()).data;
  const later = hear(blocked, ...room.send(cleo, "four").events);
  const reread = reduce(later, { type: "timeline_reread", room_id: roomId, messages, has_newer: false });
  expect(words(reread.timelines[roomId]?.messages)).toEqual(["one", "two", "three", "four"]);
  expect(reread.timelines[roomId]).toMatchObject({ live: true, ahead: [] });
});

test("rooms read anew bring counts and last messages, unless something newer is known", () => {
  const { state, room } = opened();
  const read = { ...room.joinedRoom(ann), unread_count: 1 };
  expect(reduce(state, { type: "rooms_reread", rooms: [read] }).rooms[roomId]?.unread_count).toBe(1);
  const later = hear(state, ...room.send(cleo, "four").events);
  expect(reduce(later, { type: "rooms_reread", rooms: [read] }).rooms[roomId]?.unread_count).toBe(4);
});

test("rooms read anew do not say how the other one is, of which events tell", () => {
  const { state, room } = opened();
  const read = (status: "online" | "busy", rev: number) => {
    return { ...room.joinedRoom(ann), rev, peer: { ...ben, status, last_seen_at: null } };
  };
  const { rev } = room.joinedRoom(ann);
  const entered = hear(state, { type: "room_added", payload: { room: read("online", rev) } });
  const busy = { user_id: ben.id, status: "busy" as const, last_seen_at: null };
  const told = hear(entered, { type: "user_status_changed", payload: busy });
  const reread = reduce(told, { type: "rooms_reread", rooms: [read("online", rev + 1)] });
  expect(reread.rooms[roomId]).toMatchObject({ rev: rev + 1, peer: { status: "busy" } });
});

test("an event that is hidden leaves no gap, and moves the message that it happened to", () => {
  const { state } = opened();
  const held = state.timelines[roomId]?.messages[1];
  const rev = (state.rooms[roomId]?.rev ?? 0) + 1;
  const payload = { room_id: roomId, message_id: held?.id ?? "", rev };
  const advanced = hear(state, { type: "room_advanced", payload });
  expect(advanced.rooms[roomId]?.rev).toBe(rev);
  expect(advanced.progress[roomId]?.behind).toBe(false);
  expect(advanced.timelines[roomId]?.messages[1]).toEqual({ ...held!, rev });
});

/** Ann's client, which is ready; `answer` gives what a node says of the room's history. */
function reading(answer: (query: URLSearchParams) => readonly TimelineMessage[]) {
  const { state, room } = opened();
  const clock = new FakeClock();
  const store = createStore(state, reduce);
  let reads = 0;
  const http = {
    rooms: {
      joined: async () => {
        reads++;
        return { data: [], meta: { page: 1, per_page: 100, total: 0, has_more: false } };
      },
    },
    messages: {
      history: async (_: string, query: Record<string, unknown>) => {
        const asked = Object.entries(query).map(([name, value]) => [name, String(value)]);
        return { data: answer(new URLSearchParams(asked)), meta: { has_more: false } };
      },
    },
  } as unknown as Http;
  const relations = new Relations({ store, http, timelines: { opened: new Set([roomId]) }, clock });
  const connect = (status: "ready" | "connecting") =>
    store.dispatch({ type: "connection", connection: { ...state.connection, status } as never });
  connect("ready");
  const none = { user: ann as Me, friends: [], friend_requests: [], presence: [], unread_notifications: 0 };
  const ready = (...blocks: (typeof ben)[]): Event => ({
    type: "ready",
    payload: { ...none, rooms: [room.joinedRoom(ann)], blocks },
  });
  const receive = async (event: Event) => {
    const frame = { ...event, timestamp: "2026-01-09T10:30:00.000Z" } as never;
    store.dispatch({ type: "frame", frame });
    relations.receive(frame);
    await settle();
  };
  const shown = () => words(store.getSnapshot().timelines[roomId]?.messages);
  return { room, clock, store, relations, connect, ready, receive, shown, reads: () => reads };
}

test("what is seen otherwise since a block is read anew at once, and once more after the next ready", async () => {
  const { ready, receive, reads } = reading(() => []);
  await receive(ready());
  expect(reads()).toBe(0);
  await receive(changed({ blocked: true }));
  expect(reads()).toBe(1);
  await receive(ready(ben));
  expect(reads()).toBe(2);
  await receive(ready(ben));
  expect(reads()).toBe(2);
});

test("what a node says that has not heard of the end of a block is read once more when it must have", async () => {
  let answer: (query: URLSearchParams) => readonly TimelineMessage[] = () => [];
  const { room, clock, ready, receive, shown, reads } = reading((query) => answer(query));
  const whole = (query: URLSearchParams) => room.history(query).data;
  const hidden = (query: URLSearchParams) =>
    whole(query).map(({ id, room_id, seq, rev }) => ({ id, room_id, seq, rev, is_hidden: true as const }));
  await receive(ready());
  answer = hidden;
  await receive(changed({ blocked: true }));
  await receive(changed({}));
  expect(shown()).toEqual(["-", "-", "-"]);
  answer = whole;
  await clock.advance(oldAfterMs);
  expect(shown()).toEqual(["one", "two", "three"]);
  const before = reads();
  await clock.advance(10 * oldAfterMs);
  expect(reads()).toBe(before);
});

test("a page that hid something while no frames came is read anew with the next ready, whose blocks may be the same", async () => {
  const { room, relations, connect, ready, receive, reads } = reading(() => []);
  const whole = room.history(new URLSearchParams()).data;
  const hiding = whole.map(({ id, room_id, seq, rev }) => ({ id, room_id, seq, rev, is_hidden: true as const }));
  relations.pageRead(hiding);
  await receive(ready());
  relations.pageRead(hiding);
  await receive(ready());
  connect("connecting");
  relations.pageRead(whole);
  connect("ready");
  await receive(ready());
  expect(reads()).toBe(0);
  connect("connecting");
  relations.pageRead(hiding);
  connect("ready");
  await receive(ready());
  expect(reads()).toBe(1);
});

test("what is read anew reaches as far back as what is held", async () => {
  const { room, store, ready, receive } = reading((query) => room.history(query).data);
  const texts = ["one", "two", "three", ...Array.from({ length: 250 }, (_, index) => `${index}`)];
  for (const text of texts.slice(3)) room.send(cleo, text);
  const held = room.history(new URLSearchParams({ limit: "1000" })).data;
  store.dispatch({ type: "page_loaded", room_id: roomId, page: "page", messages: held, has_newer: false });
  await receive(ready());
  await receive(changed({ blocked: true }));
  expect(words(store.getSnapshot().timelines[roomId]?.messages)).toEqual(texts);
});
