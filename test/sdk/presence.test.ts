import { describe, expect, test } from "bun:test";
import type { Me, Presence } from "../../src/protocol/models.ts";
import { idleAfterMs, Idle, PresenceWatch } from "../../src/sdk/presence.ts";
import { reduce } from "../../src/sdk/reducer.ts";
import { initialState } from "../../src/sdk/state.ts";
import { createStore } from "../../src/sdk/store.ts";
import { Typing } from "../../src/sdk/typing.ts";
import { FakeClock } from "./fake-clock.ts";
import { type Event, ModelRoom, person } from "./model-room.ts";

const [ann, ben, cleo] = [person("ann"), person("ben"), person("cleo")];
const online = (user: { id: string }): Presence => ({ user_id: user.id, status: "online", last_seen_at: null });

/** The parts under test around one store, and what they would have sent. */
function world() {
  const clock = new FakeClock();
  const store = createStore(initialState, reduce);
  const sent: [string, unknown][] = [];
  const connection = {
    send: (type: string, payload: unknown) => sent.push([type, payload]) > 0,
    request: async (type: string, payload: unknown) => sent.push([type, payload]) as never,
  };
  const parts = { store, connection, clock };
  const watch = new PresenceWatch(parts);
  const typing = new Typing(parts);
  const room = new ModelRoom("room", [ann, ben, cleo]);
  const hear = (event: Event) => {
    const frame = { ...event, timestamp: new Date(clock.now()).toISOString() } as never;
    store.dispatch({ type: "frame", frame });
    watch.receive(frame);
    typing.receive(frame);
  };
  const ready = (...presence: Presence[]) => {
    const empty = { friend_requests: [], blocks: [], unread_notifications: 0 };
    const friends = presence.map(({ user_id, ...seen }) => ({ ...person(user_id), ...seen, id: user_id }));
    hear({ type: "ready", payload: { user: ann as Me, rooms: [room.joinedRoom(ann)], friends, ...empty, presence } });
  };
  const types = (user: typeof ben, is_typing = true) =>
    hear({
      type: "user_typing",
      payload: { room_id: "room", user: { id: user.id, display_name: user.display_name }, is_typing },
    });
  return { clock, store, sent, watch, typing, idle: new Idle({ connection, clock }), room, hear, ready, types };
}

describe("presence", () => {
  test("of friends comes with `ready`, of others with the answer; changes follow", () => {
    const { store, hear, ready } = world();
    ready(online(ben));
    hear({ type: "presence", payload: { users: [online(cleo)] } });
    hear({ type: "user_status_changed", payload: { ...online(ben), status: "busy" } });
    expect(store.getSnapshot().presence).toEqual({
      [ben.id]: { status: "busy", last_seen_at: null },
      [cleo.id]: { status: "online", last_seen_at: null },
    });
  });

  test("is asked for what the open views show together, once, and again after a lost connection", async () => {
    const { clock, sent, watch, ready } = world();
    const first = watch.watch([ben.id, cleo.id]);
    const second = watch.watch([cleo.id]);
    await clock.advance(100);
    expect(sent).toEqual([]);
    ready();
    await clock.advance(100);
    expect(sent).toEqual([["watch_presence", { user_ids: [ben.id, cleo.id] }]]);
    first();
    first();
    await clock.advance(100);
    watch.end();
    ready();
    await clock.advance(100);
    expect(sent.slice(1)).toEqual([
      ["watch_presence", { user_ids: [cleo.id] }],
      ["watch_presence", { user_ids: [cleo.id] }],
    ]);
    second();
    await clock.advance(100);
    expect(sent.slice(3)).toEqual([["watch_presence", { user_ids: [] }]]);
  });

  test("of friends is not asked for; of who is watched no more it is forgotten", async () => {
    const { clock, sent, store, watch, hear, ready } = world();
    ready(online(ben));
    const end = watch.watch([ben.id, cleo.id]);
    await clock.advance(100);
    expect(sent).toEqual([["watch_presence", { user_ids: [cleo.id] }]]);
    hear({ type: "presence", payload: { users: [online(cleo)] } });
    end();
    await clock.advance(100);
    expect(Object.keys(store.getSnapshot().presence)).toEqual([ben.id]);
  });
});

describe("idling", () => {
  test("is told five minutes after the last sign, and its end with the next; again to a new socket", async () => {
    const { clock, sent, idle } = world();
    await clock.advance(2 * idleAfterMs);
    expect(sent).toEqual([]);
    idle.active();
    await clock.advance(idleAfterMs - 1);
    idle.active();
    await clock.advance(idleAfterMs - 1);
    expect(sent).toEqual([]);
    await clock.advance(1);
    expect(sent).toEqual([["set_status", { status: "away", auto: true }]]);
    idle.resume();
    expect(sent).toHaveLength(2);
    idle.active();
    idle.active();
    expect(sent.slice(2)).toEqual([["set_status", { status: "online", auto: true }]]);
    await clock.advance(idleAfterMs);
    expect(sent).toHaveLength(4);
    idle.end();
    expect(clock.timers).toBe(0);
  });
});

describe("typing", () => {
  test("of others lasts five seconds from what was heard last, a message ends it", async () => {
    const { clock, store, room, hear, ready, types } = world();
    ready();
    const names = () => (store.getSnapshot().typing["room"] ?? []).map(({ display_name }) => display_name);
    types(ben);
    await clock.advance(1_000);
    types(cleo);
    types(ann);
    await clock.advance(1_000);
    types(ben);
    expect(names()).toEqual([ben.display_name, cleo.display_name]);
    await clock.advance(4_000);
    expect(names()).toEqual([ben.display_name]);
    for (const event of room.send(ben, "hello").events) hear(event);
    expect(store.getSnapshot().typing).toEqual({});
    types(cleo);
    types(cleo, false);
    expect(store.getSnapshot().typing).toEqual({});
    types(ben);
    ready();
    expect(store.getSnapshot().typing).toEqual({});
  });

  test("of one's own is said every three seconds, its end after five without a key", async () => {
    const { clock, sent, typing, ready } = world();
    typing.typed("room");
    expect(sent).toEqual([]);
    ready();
    for (let second = 0; second < 7; second++) {
      typing.typed("room");
      await clock.advance(1_000);
    }
    const says = (is_typing: boolean) => ["typing", { room_id: "room", is_typing }] as [string, unknown];
    expect(sent).toEqual([says(true), says(true), says(true)]);
    await clock.advance(4_000);
    expect(sent.slice(3)).toEqual([says(false)]);
    await clock.advance(60_000);
    expect(sent).toHaveLength(4);
    // A message says it all.
    typing.typed("room");
    typing.sent("room");
    await clock.advance(60_000);
    expect(sent.slice(4)).toEqual([says(true)]);
    typing.typed("room");
    typing.stopped("room");
    typing.stopped("room");
    expect(sent.slice(5)).toEqual([says(true), says(false)]);
    // So soon the server would not pass it on.
    typing.typed("room");
    typing.typed("room");
    await clock.advance(2_499);
    expect(sent).toHaveLength(7);
    await clock.advance(1);
    expect(sent.slice(7)).toEqual([says(true)]);
    typing.sent("room");
    typing.typed("room");
    typing.stopped("room");
    await clock.advance(60_000);
    expect(sent).toHaveLength(8);
    typing.typed("room");
    typing.end();
    expect(clock.timers).toBe(0);
  });
});
