import { describe, expect, test } from "bun:test";
import type { EventPayload } from "../../src/protocol/events.ts";
import { deliver, devicesOf } from "../../src/server/realtime/audience.ts";
import { Caller } from "../../src/server/realtime/caller.ts";
import { hubRig } from "./socket-pair.ts";

/** As `rooms` publishes it; the hub reads the room's id and rev alone. */
function roomAdded(id: string, rev: number) {
  return { room: { id, rev } } as EventPayload<"room_added">;
}

describe("a socket that is opening", () => {
  test("gets after `ready` what was published while that was read, and nothing twice or out of order", async () => {
    const { hub, connect, makeReady, say, turn } = hubRig();
    const { socket, session } = connect("ann");
    const held = hub.recent.hold();
    say("room", 1, "known already");
    say("room", 2, "known too");
    say("room", 3, "during");
    say("elsewhere", 9, "not hers");
    makeReady(session, { room: 2 }, held.from);
    say("room", 4, "after");
    await turn();
    expect(socket.heard).toEqual(["ready", "during", "after"]);
  });

  test("loses nothing of a long wait in a busy server", async () => {
    const { hub, connect, makeReady, say, turn } = hubRig();
    const { socket, session } = connect("ann");
    const held = hub.recent.hold();
    for (let rev = 1; rev <= 5_000; rev++) say(rev % 2 ? "room" : "elsewhere", rev, `${rev}`);
    await turn();
    makeReady(session, { room: 0 }, held.from);
    await turn();
    held.release();
    expect(socket.heard).toEqual(["ready", ...Array.from({ length: 2_500 }, (_, i) => `${2 * i + 1}`)]);
  });

  test("hears afterwards of what happened to its person, rooms come and gone included", async () => {
    const { hub, connect, makeReady, say, event, turn } = hubRig();
    const { socket, session } = connect("ann");
    const added = roomAdded("new", 1);
    deliver(hub, devicesOf("ann", "room_added", added), event("room_added", added));
    const removed = { room_id: "old", reason: "kicked" } as const;
    deliver(hub, devicesOf("ann", "room_removed", removed), event("room_removed", removed));
    await turn();
    expect(socket.heard).toEqual([]);
    makeReady(session, { old: 5 });
    say("new", 2, "in the new room");
    say("old", 6, "in the old room");
    await turn();
    expect(socket.heard).toEqual(["ready", "room_added", "room_removed", "in the new room"]);
  });

  test("that was closed meanwhile is not heard of again", async () => {
    const { hub, connect, makeReady, say, turn } = hubRig();
    const { socket, session } = connect("ann");
    hub.close(session, 4001);
    makeReady(session, { room: 0 });
    say("room", 1, "hello");
    await turn();
    expect(socket.sent).toEqual([]);
    expect(hub.sessions.size).toBe(0);
    expect([...hub.of("ann")]).toEqual([]);
  });

  test("whose token has ended is closed before anything else", () => {
    const { hub, clock, connect } = hubRig();
    const { socket } = connect("ann", { expiresAtMs: clock.now() });
    expect(socket.closed?.code).toBe(4002);
    expect([...hub.of("ann")]).toEqual([]);
  });
});

describe("a room's sockets", () => {
  test("gain a person with `room_added`, and what was said since the room was read", async () => {
    const { hub, connect, makeReady, say, event, turn } = hubRig();
    const { socket, session } = connect("ann");
    makeReady(session);
    say("room", 7, "said before the room was read");
    say("room", 8, "said after it was read");
    const added = roomAdded("room", 7);
    deliver(hub, devicesOf("ann", "room_added", added), event("room_added", added));
    say("room", 9, "said later");
    await turn();
    expect(socket.heard).toEqual(["ready", "room_added", "said after it was read", "said later"]);
  });

  test("do not hear twice when a room is added that they are in already", async () => {
    const { hub, connect, makeReady, say, event, turn } = hubRig();
    const { socket, session } = connect("ann");
    makeReady(session, { room: 7 });
    say("room", 8, "hello");
    const added = roomAdded("room", 7);
    deliver(hub, devicesOf("ann", "room_added", added), event("room_added", added));
    say("room", 9, "again");
    await turn();
    expect(socket.heard).toEqual(["ready", "hello", "room_added", "again"]);
  });

  test("lose a person with `room_removed`, after everything said before it", async () => {
    const { hub, connect, makeReady, say, event, turn } = hubRig();
    const [ann, ben] = [connect("ann"), connect("ben")];
    for (const { session } of [ann, ben]) makeReady(session, { room: 1 });
    say("room", 2, "goodbye");
    const removed = { room_id: "room", reason: "kicked" } as const;
    deliver(hub, devicesOf("ann", "room_removed", removed), event("room_removed", removed));
    say("room", 3, "she is gone");
    await turn();
    expect(ann.socket.heard).toEqual(["ready", "goodbye", "room_removed"]);
    expect(ben.socket.heard).toEqual(["ready", "goodbye", "she is gone"]);
  });

  test("are joined by a guest who watches, until it looks away", async () => {
    const { hub, connect, makeReady, say, turn } = hubRig();
    const { socket, session } = connect(null);
    makeReady(session);
    const peer = new Caller(hub, session, undefined);
    peer.watch("room", 0);
    say("room", 1, "seen");
    peer.unwatch("room");
    say("room", 2, "unseen");
    await turn();
    expect(socket.heard).toEqual(["ready", "seen"]);
  });

  test("are told nothing any more once the room's last one is gone", async () => {
    const { broker, connect, makeReady, say, turn } = hubRig();
    const { socket, session } = connect("ann");
    makeReady(session, { room: 1 });
    await turn();
    socket.terminate();
    say("room", 2, "hello?");
    await turn();
    expect(broker.published).toEqual([]);
  });
});

describe("a person's sockets", () => {
  test("are five: the sixth closes the oldest, and others' are left alone", () => {
    const { connect } = hubRig({ socketsPerUser: 5 });
    const stranger = connect("ben");
    const own = Array.from({ length: 6 }, () => connect("ann"));
    expect(own.map(({ socket }) => socket.closed?.code)).toEqual([4009, ...Array.from({ length: 5 }, () => undefined)]);
    expect(stranger.socket.closed).toBeUndefined();
  });

  test("are any number where that is allowed", () => {
    const { connect } = hubRig({ socketsPerUser: 0 });
    const own = Array.from({ length: 50 }, () => connect("ann"));
    expect(own.filter(({ socket }) => socket.closed)).toEqual([]);
  });

  test("end when the token ends, unless it was renewed", () => {
    const { hub, clock, connect } = hubRig();
    const soonMs = clock.now() + 90_000;
    const [old, renewed] = [connect("ann", { expiresAtMs: soonMs }), connect("ann", { expiresAtMs: soonMs })];
    const live = () => [old, renewed].forEach(({ session }) => hub.heard(session));
    clock.advance(45_000);
    live();
    hub.renew(renewed.session, clock.now() + 86_400_000);
    clock.advance(44_000);
    live();
    expect(old.socket.closed).toBeUndefined();
    clock.advance(3_000);
    expect(old.socket.closed?.code).toBe(4002);
    expect(renewed.socket.closed).toBeUndefined();
  });

  test("end after 60 silent seconds, not before, and not while something is heard", () => {
    const { hub, clock, connect } = hubRig();
    const [silent, alive] = [connect("ann"), connect("ben")];
    clock.advance(59_900);
    hub.heard(alive.session);
    expect(silent.socket.closed).toBeUndefined();
    clock.advance(2_100);
    expect(silent.socket.closed?.code).toBe(4010);
    clock.advance(50_000);
    expect(alive.socket.closed).toBeUndefined();
    clock.advance(10_000);
    expect(alive.socket.closed?.code).toBe(4010);
  });

  test("survive a clock that jumps, and a process that was frozen", () => {
    const { clock, connect } = hubRig();
    const { socket } = connect("ann");
    clock.jump(3_600_000);
    clock.advance(1_000);
    clock.jump(-7_200_000);
    clock.advance(1_000);
    expect(socket.closed).toBeUndefined();
  });
});

describe("a slow peer", () => {
  test("that takes nothing of 256 KiB and more for ten seconds is closed", () => {
    const { clock, connect } = hubRig();
    const { socket } = connect("ann");
    socket.bufferedBytes = 300_000;
    clock.advance(9_000);
    expect(socket.closed).toBeUndefined();
    clock.advance(2_000);
    expect(socket.closed?.code).toBe(4008);
  });

  test("that takes something now and then, or has little to take, is left alone", () => {
    const { clock, connect } = hubRig();
    const [slow, idle] = [connect("ann"), connect("ben")];
    slow.socket.bufferedBytes = 3_000_000;
    idle.socket.bufferedBytes = 200_000;
    for (let seconds = 0; seconds < 50; seconds++) {
      if (seconds % 8 === 0) slow.socket.bufferedBytes -= 100_000;
      clock.advance(1_000);
    }
    expect(slow.socket.closed).toBeUndefined();
    expect(idle.socket.closed).toBeUndefined();
  });

  test("goes first when all together have too much to take", () => {
    const { clock, connect } = hubRig();
    const peers = Array.from({ length: 100 }, (_, index) => connect(`user ${index}`));
    for (const [index, { socket }] of peers.entries()) socket.bufferedBytes = (index + 1) * 60_000;
    clock.advance(1_000);
    const closed = peers.flatMap(({ socket }, index) => (socket.closed ? [index] : []));
    expect(closed).toEqual([94, 95, 96, 97, 98, 99]);
    expect(peers[99]?.socket.closed?.code).toBe(4008);
  });
});
