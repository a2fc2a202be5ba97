import { expect, test } from "bun:test";
import type { Me, Notification } from "../../src/protocol/models.ts";
import { MentionReader } from "../../src/sdk/mentions.ts";
import { reduce } from "../../src/sdk/reducer.ts";
import { initialState, type State } from "../../src/sdk/state.ts";
import { type Event, ModelRoom, person } from "./model-room.ts";

const [ann, ben] = [person("ann"), person("ben")];
const timestamp = "2026-01-09T10:30:00.000Z";

function hear(state: State, ...events: readonly Event[]): State {
  return events.reduce(
    (before, event) => reduce(before, { type: "frame", frame: { ...event, timestamp } as never }),
    state,
  );
}

function ready(room: ModelRoom, unread_notifications = 0): Event {
  const empty = { friends: [], friend_requests: [], blocks: [], presence: [] };
  return {
    type: "ready",
    payload: { user: ann as unknown as Me, rooms: [room.joinedRoom(ann)], ...empty, unread_notifications },
  };
}

const named = (room: ModelRoom, mentions: string[]): Event => {
  const { message } = room.send(ben, "look");
  return { type: "new_message", payload: { ...message, mentions } };
};

test("mentions of oneself and of everybody are counted, of others and by oneself not", () => {
  const room = new ModelRoom("one", [ann, ben]);
  let state = hear(initialState, ready(room));
  state = hear(state, named(room, [ann.id]), named(room, ["all"]), named(room, [ben.id]), named(room, []));
  expect(state.rooms["one"]).toMatchObject({ unread_count: 4, mention_count: 2 });
  const mine = { ...room.send(ann, "me").message, mentions: [ann.id] };
  state = hear(state, { type: "new_message", payload: mine });
  expect(state.rooms["one"]).toMatchObject({ unread_count: 0, mention_count: 0 });
});

test("reading up to a message leaves the mentions after it", () => {
  const room = new ModelRoom("one", [ann, ben]);
  let state = hear(initialState, ready(room));
  state = reduce(state, { type: "page_requested", room_id: "one", page: "page" });
  state = reduce(state, { type: "page_loaded", room_id: "one", page: "page", messages: [], has_newer: false });
  const events = [named(room, [ann.id]), named(room, []), named(room, [ann.id])];
  state = hear(state, ...events);
  expect(state.rooms["one"]).toMatchObject({ unread_count: 3, mention_count: 2 });
  state = reduce(state, { type: "read", room_id: "one", seq: 1 });
  expect(state.rooms["one"]).toMatchObject({ unread_count: 2, mention_count: 1 });
});

const told = (id: string, extra: Partial<Notification> = {}): Notification => ({
  id,
  kind: "mention",
  actor: ben,
  room_id: "one",
  message_id: `message of ${id}`,
  text: "look",
  created_at: timestamp,
  read_at: null,
  ...extra,
});

test("notifications come first and once, are read and taken back; counts are the server's", () => {
  const room = new ModelRoom("one", [ann, ben]);
  let state = hear(initialState, ready(room, 3));
  expect(state.notifications).toMatchObject({ unread: 3, isStale: true });
  state = hear(state, { type: "notification", payload: { ...told("a"), unread_count: 4 } });
  state = hear(state, { type: "notification", payload: { ...told("b"), unread_count: 5 } });
  state = hear(state, { type: "notification", payload: { ...told("b"), unread_count: 5 } });
  expect(state.notifications.items.map(({ id }) => id)).toEqual(["b", "a"]);
  const read = { ids: ["a"], all: false, unread_count: 4, read_at: timestamp };
  state = hear(state, { type: "notifications_read", payload: read });
  expect(state.notifications.items.map(({ read_at }) => read_at)).toEqual([null, timestamp]);
  state = hear(state, { type: "notifications_removed", payload: { ids: ["b"], unread_count: 3 } });
  expect(state.notifications).toMatchObject({ unread: 3, items: [{ id: "a" }] });
  // A friend who came online is for this moment alone.
  expect(hear(state, { type: "notification", payload: told("c", { kind: "friend_online" }) })).toBe(state);
});

test("a page that brings again what is held adds what is new", () => {
  const room = new ModelRoom("one", [ann, ben]);
  const loaded = (page: number, ...ids: string[]) =>
    ({ type: "notifications_loaded", page, items: ids.map((id) => told(id)), has_more: true, unread: 4 }) as const;
  let state = reduce(hear(initialState, ready(room)), loaded(1, "d", "c"));
  state = reduce(state, loaded(2, "c", "b"));
  expect(state.notifications.items.map(({ id }) => id)).toEqual(["d", "c", "b"]);
  state = reduce(state, loaded(1, "e", "d"));
  expect(state.notifications.items.map(({ id }) => id)).toEqual(["e", "d"]);
});

test("a level chosen on another device is taken in", () => {
  const room = new ModelRoom("one", [ann, ben]);
  const state = hear(initialState, ready(room));
  const payload = { room_id: "one", level: "none" } as const;
  expect(hear(state, { type: "notification_level_changed", payload }).rooms["one"]?.notify_level).toBe("none");
});

test("names in a text are found as the server finds them: the longest, whatever the case, by either name", () => {
  const known = [
    { id: "1", username: "ann", display_name: "小明" },
    { id: "2", username: "ann.lee", display_name: "Ann Lee" },
  ];
  const reader = new MentionReader({ mentions: ["1", "2", "all"] }, (id) => known.find((one) => one.id === id));
  const found = (text: string) =>
    reader.parts(text).flatMap(({ text, mention }) => (mention ? [`${text}=${mention}`] : []));
  expect(found("@Ann.Lee, @ann. @小明你好 @all!")).toEqual(["@Ann.Lee=2", "@ann=1", "@小明=1", "@all=all"]);
  expect(found("@ann lee")).toEqual(["@ann lee=2"]);
  expect(found("me@ann @annie")).toEqual([]);
  expect(
    reader
      .parts("no @one here")
      .map(({ text }) => text)
      .join(""),
  ).toBe("no @one here");
});
