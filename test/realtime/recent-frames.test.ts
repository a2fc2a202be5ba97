import { expect, test } from "bun:test";
import { RecentFrames } from "../../src/server/realtime/recent-frames.ts";
import { RoomFrame } from "../../src/server/realtime/room-frame.ts";

function heard(recent: RecentFrames, known: number): string[] {
  return [...recent.since(new Map([["room", known]]))].map(({ text }) => text);
}

const frame = (rev: number, text: string, isLate = false) => ({
  roomId: "room",
  rev,
  frame: new RoomFrame(text),
  ...(isLate && { isLate }),
});

test("what the bridge brought after the database had told of it is given to nobody twice, nor out of order", () => {
  const recent = new RecentFrames();
  for (const rev of [4, 5, 6]) recent.push(frame(rev, `told ${rev}`));
  for (const rev of [5, 4, 6]) recent.push(frame(rev, `late ${rev}`, true));
  recent.push(frame(7, "next"));
  expect(heard(recent, 3)).toEqual(["told 4", "told 5", "told 6", "next"]);
  expect(heard(recent, 5)).toEqual(["told 6", "next"]);
});

test("what came late is given where nothing else told of it", () => {
  const recent = new RecentFrames();
  recent.push(frame(4, "first"));
  recent.push(frame(5, "late", true));
  recent.push(frame(5, "of the same change", false));
  recent.push(frame(6, "next"));
  expect(heard(recent, 3)).toEqual(["first", "late", "of the same change", "next"]);
});
