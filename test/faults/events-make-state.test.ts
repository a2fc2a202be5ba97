import { expect, test } from "bun:test";
import { z } from "zod";
import { message, room } from "../../src/protocol/models.ts";
import { forEachDialect } from "../support/dialects.ts";
import { Mirror } from "../support/mirror.ts";
import { people, testPassword, type Answer, type Person } from "../support/people.ts";
import { startServer, type TestServer } from "../support/server.ts";
import type { TestSocket } from "../support/socket.ts";

/** After so many looks a difference is one that stays. */
const looksMax = 20;

/** Somebody who began with everything and from then on only listened. */
interface Listener {
  name: string;
  person: Person;
  mirror: Mirror;
  socket: TestSocket;
}

async function listen(name: string, person: Person): Promise<Listener> {
  const socket = await person.connect();
  const mirror = await Mirror.fetched(person);
  mirror.follow(socket);
  return { name, person, mirror, socket };
}

forEachDialect((dialect) => {
  test("for every verb: the state before and the events make the state fetched afresh, for all who see it", async () => {
    const server: TestServer = await startServer({ dialect });
    const { ann, ben, cleo, dora, eve } = await people(server, "ann", "ben", "cleo", "dora", "eve");
    const created = await ann.http("POST", "/rooms", { name: "home", type: "public", member_ids: [ben.id, eve.id] });
    const home = created.as(room).id;
    const lobby = (await ann.http("GET", "/rooms?type=joined")).as(z.array(room)).find(({ is_lobby }) => is_lobby)?.id;
    const listeners = [
      await listen("ann", ann),
      await listen("ann on another device", await ann.onAnotherDevice()),
      await listen("ben", ben),
      await listen("cleo, not in the room", cleo),
      await listen("dora, not in the room", dora),
    ];

    let club = "";
    let lastId = "";
    const say = async (person: Person, roomId: string, content: string) => {
      const answer = await person.http("POST", `/rooms/${roomId}/messages`, { content });
      lastId = answer.as(message).id;
      return answer;
    };
    const byFrame = async (person: Person, type: "join_room" | "leave_room", roomId: string) => {
      const socket = await person.connect();
      await socket.ack(type, { room_id: roomId });
      socket.close();
    };

    const steps: [string, () => Promise<Answer | void>][] = [
      ["ann writes", () => say(ann, home, "hello")],
      ["ben answers", () => say(ben, home, "hi")],
      ["ann reads", () => ann.http("POST", `/rooms/${home}/messages/read`, { last_read_message_id: lastId })],
      ["cleo writes in the lobby", () => say(cleo, lobby ?? "", "hello, all")],
      [
        "ann reads the lobby",
        () => ann.http("POST", `/rooms/${lobby}/messages/read`, { last_read_message_id: lastId }),
      ],
      [
        "ann makes a private room with ben",
        async () => {
          const answer = await ann.http("POST", "/rooms", { name: "club", type: "private", member_ids: [ben.id] });
          club = answer.as(room).id;
        },
      ],
      ["ben writes in it", () => say(ben, club, "nice here")],
      ["ann adds cleo", () => ann.http("POST", `/rooms/${club}/members`, { user_ids: [cleo.id] })],
      ["ann makes cleo an admin", () => ann.http("PATCH", `/rooms/${club}/members/${cleo.id}`, { role: "admin" })],
      ["cleo writes", () => say(cleo, club, "thanks")],
      ["ann makes cleo a member", () => ann.http("PATCH", `/rooms/${club}/members/${cleo.id}`, { role: "member" })],
      ["ann renames the room", () => ann.http("PATCH", `/rooms/${club}`, { name: "The club" })],
      ["ann describes it", () => ann.http("PATCH", `/rooms/${club}`, { description: "quiet\nplease" })],
      ["ann opens it", () => ann.http("PATCH", `/rooms/${club}`, { type: "public", max_members: 20 })],
      ["dora joins", () => dora.http("POST", `/rooms/${club}/join`)],
      ["dora joins again", () => dora.http("POST", `/rooms/${club}/join`)],
      ["dora leaves", () => dora.http("POST", `/rooms/${club}/leave`)],
      ["dora joins by a frame", () => byFrame(dora, "join_room", club)],
      ["dora leaves by a frame", () => byFrame(dora, "leave_room", club)],
      ["dora comes back", () => dora.http("POST", `/rooms/${club}/join`)],
      ["ann puts dora out", () => ann.http("DELETE", `/rooms/${club}/members/${dora.id}`)],
      ["ann closes it", () => ann.http("PATCH", `/rooms/${club}`, { type: "private" })],
      [
        "ann changes three things at once",
        () => ann.http("PUT", `/rooms/${club}`, { name: "C", description: "", max_members: 9 }),
      ],
      ["ann hands it to cleo", () => ann.http("POST", `/rooms/${club}/transfer`, { user_id: cleo.id })],
      ["ann leaves it", () => ann.http("POST", `/rooms/${club}/leave`)],
      ["cleo adds ann and dora", () => cleo.http("POST", `/rooms/${club}/members`, { user_ids: [ann.id, dora.id] })],
      ["ben takes another name", () => ben.http("PATCH", "/users/me", { display_name: "Benjamin" })],
      [
        "ben writes a bio",
        () => ben.http("PATCH", "/users/me", { bio: "I write", status_text: "writing", gender: "other" }),
      ],
      ["ben wants privacy", () => ben.http("PUT", "/users/me", { privacy: { read_receipts: false } })],
      [
        "ben takes an email",
        () => ben.http("POST", "/users/me/email", { email: "ben@example.org", password: testPassword }),
      ],
      [
        "ben sends the same twice",
        async () => {
          const body = { content: "once", temp_id: "once" };
          await ben.http("POST", `/rooms/${home}/messages`, body);
          return ben.http("POST", `/rooms/${home}/messages`, body);
        },
      ],
      ["eve deletes her account", () => eve.http("DELETE", "/users/me", { password: testPassword })],
      ["cleo deletes the room", () => cleo.http("DELETE", `/rooms/${club}`)],
    ];

    for (const [step, run] of steps) {
      const answer = await run();
      if (answer && answer.status >= 300) throw new Error(`${step}: ${answer.outcome}`);
      for (const { name, person, mirror, socket } of listeners) {
        // Whom a change of name concerns is looked up after it is stored: its event may come after the answer.
        for (let look = 1; ; look++) {
          await socket.fence();
          await mirror.complete();
          const afresh = await Mirror.fetched(person);
          if (look < looksMax && !Bun.deepEquals(mirror.toJSON(), afresh.toJSON())) continue;
          expect({ step, name, ...mirror.toJSON() }).toEqual({ step, name, ...afresh.toJSON() });
          break;
        }
      }
    }
    for (const { socket } of listeners) socket.close();
    await server.stop();
  }, 60_000);
});
