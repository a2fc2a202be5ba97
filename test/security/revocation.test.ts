import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { room } from "../../src/protocol/models.ts";
import { forEachDialect } from "../support/dialects.ts";
import { Journal, judge, wholeTimeline } from "../support/journal.ts";
import { people, person, testPassword, type Person } from "../support/people.ts";
import { program, spawnServer, type ServerProcess } from "../support/server-process.ts";
import { closing, type TestSocket } from "../support/socket.ts";

/** A revocation reaches open sockets within this (G5). */
const promisedMs = 1_000;

forEachDialect((dialect) => {
  let server: ServerProcess;
  let ann: Person;
  let roomId: string;

  beforeAll(async () => {
    server = await spawnServer({ dialect });
    ({ ann } = await people(server, "ann"));
    roomId = (await ann.http("POST", "/rooms", { name: "room", type: "private" })).as(room).id;
  });
  afterAll(() => server.stop());

  /** The operator's command, in a process of its own beside the server. */
  async function operate(...words: string[]): Promise<void> {
    const child = Bun.spawn([...program, "user", ...words], {
      cwd: server.ground.dataDir,
      env: { PATH: process.env["PATH"] ?? "", ...server.ground.env },
      stdin: new Blob([`${testPassword} changed\n`]),
      stdout: "pipe",
      stderr: "pipe",
    });
    const said = await new Response(child.stderr).text();
    if ((await child.exited) !== 0) throw new Error(`user ${words.join(" ")}: ${said}`);
  }

  let count = 0;
  /** Somebody new in the room, on two devices, each with a socket. */
  async function somebody() {
    const here = await person(server, `person-${++count}`);
    await ann.http("POST", `/rooms/${roomId}/members`, { user_ids: [here.id] });
    const there = await here.onAnotherDevice();
    return { here, there, atHere: await here.connect(), atThere: await there.connect() };
  }

  async function isCut(socket: TestSocket, person: Person): Promise<void> {
    expect((await closing(socket, promisedMs)).code).toBe(4001);
    expect((await person.http("GET", "/users/me")).status).toBeOneOf([401, 403]);
    expect((await person.http("POST", `/rooms/${roomId}/messages`, { content: "x" })).status).toBeOneOf([401, 403]);
  }

  describe("within a second", () => {
    test("signing out cuts this session, and no other", async () => {
      const { here, atHere, there, atThere } = await somebody();
      expect((await here.http("POST", "/auth/logout")).status).toBe(200);
      await isCut(atHere, here);
      await atThere.fence();
      expect((await there.http("GET", "/users/me")).status).toBe(200);
      atThere.close();
    });

    test("signing out everywhere cuts them all", async () => {
      const { here, atHere, there, atThere } = await somebody();
      await here.http("POST", "/auth/logout-all");
      await Promise.all([isCut(atHere, here), isCut(atThere, there)]);
    });

    test("ending another device cuts that one", async () => {
      const { here, atHere, there, atThere } = await somebody();
      const sessions = (await here.http("GET", "/auth/sessions")).data as { id: string; current: boolean }[];
      const other = sessions.find(({ current }) => !current)?.id;
      expect((await here.http("DELETE", `/auth/sessions/${other}`)).status).toBe(200);
      await isCut(atThere, there);
      await atHere.fence();
      atHere.close();
    });

    test("another person's session cannot be ended, and looks as if it were not there", async () => {
      const { here, atHere } = await somebody();
      const [mine] = (await here.http("GET", "/auth/sessions")).data as { id: string }[];
      expect((await ann.http("DELETE", `/auth/sessions/${mine?.id}`)).outcome).toBe("404 SESSION_NOT_FOUND");
      expect((await ann.http("DELETE", "/auth/sessions/x")).outcome).toBe("404 SESSION_NOT_FOUND");
      await atHere.fence();
      atHere.close();
    });

    test("a new password cuts the others and leaves this one", async () => {
      const { here, atHere, there, atThere } = await somebody();
      const change = { old_password: testPassword, new_password: `${testPassword}!` };
      expect((await here.http("PUT", "/users/me/password", change)).status).toBe(200);
      await isCut(atThere, there);
      await atHere.fence();
      atHere.close();
    });

    test("deleting the account cuts everything", async () => {
      const { here, atHere, there, atThere } = await somebody();
      expect((await here.http("DELETE", "/users/me", { password: testPassword })).status).toBe(200);
      await Promise.all([isCut(atHere, here), isCut(atThere, there)]);
    });

    test("disabling by the operator's command cuts everything and keeps it out until it is enabled again", async () => {
      const { here, atHere, there, atThere } = await somebody();
      await operate("disable", here.username);
      await Promise.all([isCut(atHere, here), isCut(atThere, there)]);
      const login = () =>
        here.onAnotherDevice().then(
          () => "in",
          (error: Error) => error.message,
        );
      expect(await login()).toContain("ACCOUNT_DISABLED");
      await operate("enable", here.username);
      expect(await login()).toBe("in");
    });

    test("a new password by the operator's command cuts everything", async () => {
      const { here, atHere, there, atThere } = await somebody();
      await operate("passwd", here.username, "--password-stdin");
      await Promise.all([isCut(atHere, here), isCut(atThere, there)]);
    });

    test("being put out of a room ends hearing and speaking there, on every device, with the socket open", async () => {
      const { here, atHere, atThere } = await somebody();
      const atAnn = await ann.connect();
      await ann.http("DELETE", `/rooms/${roomId}/members/${here.id}`);
      for (const socket of [atHere, atThere]) {
        const { payload } = await socket.next("room_removed");
        expect(payload).toEqual({ room_id: roomId, reason: "kicked" });
      }
      await atAnn.say(roomId, "they are gone");
      for (const socket of [atHere, atThere]) {
        await socket.fence();
        expect(
          socket.seen("new_message").filter((each) => "content" in each && each.content === "they are gone"),
        ).toEqual([]);
        const refusal = await socket.refused("send_message", {
          room_id: roomId,
          content: "still here?",
          temp_id: Bun.randomUUIDv7(),
        });
        expect(refusal.code).toBe("ROOM_NOT_FOUND");
        socket.close();
      }
      for (const path of ["", "/messages", "/members", "/changes?since_rev=0"]) {
        expect((await here.http("GET", `/rooms/${roomId}${path}`)).outcome).toBe("404 ROOM_NOT_FOUND");
      }
      atAnn.close();
    });

    test("an admin made a member can manage nobody any more", async () => {
      const { here, atHere, atThere } = await somebody();
      const { here: other, atHere: atOther, atThere: atOtherToo } = await somebody();
      await ann.http("PATCH", `/rooms/${roomId}/members/${here.id}`, { role: "admin" });
      expect((await here.http("PATCH", `/rooms/${roomId}`, { description: "mine" })).status).toBe(200);
      await ann.http("PATCH", `/rooms/${roomId}/members/${here.id}`, { role: "member" });
      expect((await here.http("DELETE", `/rooms/${roomId}/members/${other.id}`)).outcome).toBe("403 FORBIDDEN");
      expect((await here.http("PATCH", `/rooms/${roomId}`, { description: "mine" })).outcome).toBe("403 FORBIDDEN");
      for (const socket of [atHere, atThere, atOther, atOtherToo]) socket.close();
    });
  });

  describe("a revocation that races a thousand requests", () => {
    /** Sends over and over, by HTTP and by frame, while `revoke` runs; gives what was acked before and after its answer. */
    async function race(revoke: (person: Person) => Promise<unknown>) {
      const { here, atHere, atThere } = await somebody();
      const journal = new Journal();
      const mayLater: string[] = [];
      let isRevoked = false;
      const send = async () => {
        const wasRevoked = isRevoked;
        const content = `by ${here.username} ${journal.sends.size}`;
        const tempId = Bun.randomUUIDv7();
        journal.sent({ senderId: here.id, roomId, tempId, content });
        const answer = await here.http("POST", `/rooms/${roomId}/messages`, { content, temp_id: tempId });
        if (answer.status === 201) {
          const { id, seq } = answer.data as { id: string; seq: number };
          journal.acked({ tempId, id, seq });
          if (wasRevoked) mayLater.push(content);
        } else expect(answer.status).toBeOneOf([401, 403]);
      };
      const lanes = Array.from({ length: 20 }, async (_, lane) => {
        for (let round = 0; round < 50; round++) {
          await send();
          if (lane === 0 && round === 10) revocation.begin();
        }
      });
      const revocation = Promise.withResolvers<void>() as PromiseWithResolvers<void> & { begin: () => void };
      revocation.begin = () =>
        void revoke(here).then(() => {
          isRevoked = true;
          revocation.resolve();
        }, revocation.reject);
      await Promise.all([...lanes, revocation.promise]);
      for (const socket of [atHere, atThere]) await closing(socket, promisedMs);
      const mine = (await wholeTimeline(ann, roomId)).filter(
        ({ sender, type }) => sender.id === here.id && type === "text",
      );
      return { journal, mine, mayLater };
    }

    test("by signing out everywhere: after the answer nothing gets through, and what was acked is there", async () => {
      const { journal, mine, mayLater } = await race((here) => here.http("POST", "/auth/logout-all"));
      expect(mayLater).toEqual([]);
      expect(new Set(mine.map(({ temp_id }) => temp_id))).toEqual(new Set(journal.acks.keys()));
      expect(journal.acks.size).toBeLessThan(journal.sends.size);
      expect(journal.sends.size).toBe(1_000);
      const ofOthers = judge(journal, new Map()).filter((fault) => !fault.startsWith("G1"));
      expect(ofOthers).toEqual([]);
    });

    test("by disabling: a second later nothing gets through", async () => {
      const disabled = await somebody();
      await operate("disable", disabled.here.username);
      await Promise.all([disabled.atHere, disabled.atThere].map((socket) => closing(socket, promisedMs)));
      const answers = await Promise.all(
        Array.from({ length: 1_000 }, () => disabled.here.http("POST", `/rooms/${roomId}/messages`, { content: "x" })),
      );
      expect(new Set(answers.map(({ outcome }) => outcome))).toEqual(new Set(["403 ACCOUNT_DISABLED"]));
    });
  });
});
