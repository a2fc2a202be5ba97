import { expect, test } from "bun:test";
import type { Me } from "../../src/protocol/models.ts";
import { ReadMarks } from "../../src/sdk/read-marks.ts";
import { reduce } from "../../src/sdk/reducer.ts";
import { initialState } from "../../src/sdk/state.ts";
import { createStore } from "../../src/sdk/store.ts";
import { FakeClock } from "./fake-clock.ts";
import { ModelRoom, person } from "./model-room.ts";

test("what one has written is read, also where another node does not know of it yet", () => {
  const [ann, ben] = [person("ann"), person("ben")];
  const room = new ModelRoom("one", [ann, ben]);
  for (const text of ["a", "b", "c"]) room.send(ben, text);
  const empty = { friends: [], friend_requests: [], blocks: [], presence: [], unread_notifications: 0 };
  const ready = { type: "ready", payload: { user: { ...ann } as Me, rooms: [room.joinedRoom(ann)], ...empty } };
  const store = createStore(initialState, reduce);
  const hear = (frame: object) =>
    store.dispatch({ type: "frame", frame: { ...frame, timestamp: "2026-01-09T10:30:00.000Z" } as never });
  const sent: unknown[] = [];
  const connection = { send: (type: string, payload: object) => sent.push({ type, ...payload }) > 0 };
  const marks = new ReadMarks({ store, connection, clock: new FakeClock() });
  const readSeq = () => store.getSnapshot().rooms["one"]?.read_seq;
  hear(ready);
  const before = readSeq() ?? 0;
  const seq = room.messages.at(-1)!.seq;
  const ack = { temp_id: "t", id: "mine", room_id: "one", seq, rev: seq, created_at: "2026-01-09T10:30:00.000Z" };
  hear({ type: "message_ack", payload: ack });
  marks.receive({ type: "message_ack", payload: ack } as never);
  expect(readSeq()).toBe(seq);
  hear(ready);
  expect(readSeq()).toBe(before);
  marks.resume();
  expect(readSeq()).toBe(seq);
  expect(sent).toEqual([{ type: "mark_read", room_id: "one", message_id: "mine" }]);
  marks.end();
});
