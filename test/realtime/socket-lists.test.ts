import { describe, expect, test } from "bun:test";
import { RoomShards } from "../../src/server/realtime/room-shards.ts";
import { SocketsOf } from "../../src/server/realtime/sockets-of.ts";

describe("the rooms of a socket", () => {
  test("are kept as a Map would keep them, few or many", () => {
    for (const count of [0, 1, 6, 32, 33, 200]) {
      const rooms = new RoomShards();
      const truth = new Map<string, number>();
      for (let index = 0; index < count; index++) {
        rooms.set(`room ${index}`, index % 7);
        truth.set(`room ${index}`, index % 7);
      }
      for (let index = 0; index < count; index += 3) {
        rooms.delete(`room ${index}`);
        truth.delete(`room ${index}`);
      }
      rooms.set("room 1", 9);
      truth.set("room 1", 9);
      expect([...rooms].sort()).toEqual([...truth].sort());
      expect(rooms.size).toBe(truth.size);
      for (let index = 0; index <= count; index++) {
        expect(rooms.has(`room ${index}`)).toBe(truth.has(`room ${index}`));
        expect(rooms.get(`room ${index}`)).toBe(truth.get(`room ${index}`));
      }
      rooms.clear();
      expect([...rooms]).toEqual([]);
    }
  });
});

describe("the sockets of a person", () => {
  test("are none, one or many, the oldest first, and nobody else's", () => {
    const sockets = new SocketsOf<{ name: string }>();
    const [one, two, three] = [{ name: "one" }, { name: "two" }, { name: "three" }];
    expect([...sockets.of("ann")]).toEqual([]);
    expect(sockets.add("ann", one)).toBe(1);
    expect(sockets.remove("ann", two)).toBe(false);
    expect(sockets.add("ann", two)).toBe(2);
    expect(sockets.add("ben", three)).toBe(1);
    expect([...sockets.of("ann")]).toEqual([one, two]);
    expect(sockets.remove("ann", one)).toBe(false);
    expect([...sockets.of("ann")]).toEqual([two]);
    expect(sockets.remove("ann", two)).toBe(true);
    expect([...sockets.of("ann")]).toEqual([]);
    expect([...sockets.of("ben")]).toEqual([three]);
  });
});
