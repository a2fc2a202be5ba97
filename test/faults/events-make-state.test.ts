import { describe, expect, test } from "bun:test";
import { commands } from "../../src/protocol/commands.ts";
import type { Parley } from "../../src/sdk/client.ts";
import { httpApp } from "../../src/server/http.ts";
import { forEachDialect } from "../support/dialects.ts";
import type { Person } from "../support/people.ts";
import { startServer } from "../support/server.ts";
import { comparable, complete, connected } from "./state-observer.ts";
import { World } from "./state-world.ts";
import { steps } from "./steps/all.ts";

/*
 * State + events = state. Clients of the SDK are connected from the beginning and only listen. After every step each of
 * them must hold what a client holds that connects just now and loads everything.
 *
 * To add a verb: a step in `steps/<part>.ts` (`name`, the routes and commands it `covers`, `run`), and the part's list in
 * `steps/all.ts`. A part of `State` that is new is compared by itself; what has to be loaded for that is loaded in
 * `complete` of `state-observer.ts`. Who sees each step: ann, her other device, ben (a member), cleo (a member), gil (a
 * member), dora (in no room but the lobby).
 */

/** Verbs after which nobody's state is another, each with its reason. */
const changeNoState: Readonly<Record<string, string>> = {
  "POST /auth/register": "makes the person whose state begins",
  "POST /auth/login": "a session is none of the state",
  "POST /auth/refresh": "a session is none of the state",
  "POST /auth/logout": "ends the client, and with it the state",
  "POST /auth/logout-all": "ends the client, and with it the state",
  "DELETE /auth/sessions/:id": "ends that session's client",
  "POST /auth/password/forgot": "sends a mail",
  "POST /auth/password/reset": "ends all sessions",
  "PUT /users/me/password": "ends the other sessions",
  "POST /auth/email/verify": "needs a mail: the accounts' tests see `me_updated` come",
  "POST /auth/ws-ticket": "gives a ticket to whoever asks",
  "POST /admin/invites": "administrators ask for the list",
  "DELETE /admin/invites/:code": "administrators ask for the list",
  authenticate: "a session is none of the state",
  typing: "forgotten after 5 s, and told to those who are there",
  watch_presence: "a question, answered to whoever asks",
  sync: "gives what the events gave",
  ping: "a sign of life",
};

/** A difference that is there after so long is one that stays: receipts are told twice a second, others' sooner. */
const looksForMs = 3_000;

/** Somebody who watches, on one device or several. */
interface Observer {
  name: string;
  person: Person;
  clients: Parley[];
}

async function observersOf({ people: { ann, ben, cleo, dora, gil } }: World): Promise<Observer[]> {
  const named: [string, Person[]][] = [
    ["ann", [ann, await ann.onAnotherDevice()]],
    ["ben, a member", [ben]],
    ["cleo, a member", [cleo]],
    ["gil, a member", [gil]],
    ["dora, not in the room", [dora]],
  ];
  return Promise.all(
    named.map(async ([name, devices]) => {
      const [person] = devices;
      if (!person) throw new Error(`${name} has no device`);
      return { name, person, clients: await Promise.all(devices.map((device) => connected(device))) };
    }),
  );
}

/** Compares what came by events with what is loaded now. What is told after the answer may need another look. */
async function agree(step: string, { name, person, clients }: Observer): Promise<void> {
  for (const until = performance.now() + looksForMs; ;) {
    for (const client of clients) {
      await client.connection.request("ping", {});
      await complete(client);
    }
    const afresh = await connected(person);
    afresh.close();
    const loaded = comparable(afresh);
    const held = clients.map(comparable);
    if (performance.now() < until && !held.every((state) => Bun.deepEquals(state, loaded))) continue;
    for (const [device, state] of held.entries()) {
      // Part by part, so that what differs is seen.
      for (const part of Object.keys({ ...state, ...loaded })) {
        expect(state[part], `${step}: ${part} of ${name}, device ${device + 1}`).toEqual(loaded[part]);
      }
    }
    return;
  }
}

forEachDialect((dialect) => {
  test("after every verb the state before and the events make the state fetched afresh, for all who see it", async () => {
    const server = await startServer({ dialect });
    const world = await World.begun(server);
    const observers = await observersOf(world);
    for (const { name, run } of steps) {
      const answer = await run(world);
      if (answer && answer.status >= 300) throw new Error(`${name}: ${answer.outcome}`);
      await Promise.all(observers.map((observer) => agree(name, observer)));
    }
    for (const { clients } of observers) for (const client of clients) client.close();
    world.close();
    await server.stop();
  }, 120_000);
});

describe("the steps", () => {
  const covered = new Set([...steps.flatMap(({ covers }) => covers), ...Object.keys(changeNoState)]);

  test("cover every route that changes something", async () => {
    const server = await startServer();
    const { routes } = httpApp({
      ctx: server.context,
      origins: { isListed: () => false, isAllowed: () => true },
      remoteAddress: () => "",
      addressOf: () => "",
      whenRead: () => {},
      isDraining: () => false,
    });
    await server.stop();
    const changing = routes
      .filter(({ method, path }) => /^(POST|PUT|PATCH|DELETE)$/.test(method) && path.startsWith("/api/v1/"))
      .map(({ method, path }) => `${method} ${path.slice("/api/v1".length)}`);
    expect(changing.length).toBeGreaterThan(20);
    expect([...new Set(changing)].filter((verb) => !covered.has(verb))).toEqual([]);
  });

  test("cover every command", () => {
    expect(Object.keys(commands).filter((verb) => !covered.has(verb))).toEqual([]);
  });
});
