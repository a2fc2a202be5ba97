import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { isNotNull } from "drizzle-orm";
import { commands, type CommandName } from "../../src/protocol/commands.ts";
import type { Context } from "../../src/server/context.ts";
import { httpApp } from "../../src/server/http.ts";
import { guestSocket, request, testPassword, type Answer } from "../support/people.ts";
import { startServer, type TestServer } from "../support/server.ts";
import { TestSocket } from "../support/socket.ts";
import {
  commandRows,
  outsiders,
  routeRows,
  type CommandRow,
  type OpenRow,
  type OwnRow,
  type Row,
} from "./rights/rows.ts";
import { everybody, gather, makeWorld, stranger, type Cast, type Who, type World } from "./rights/world.ts";

/**
 * Every route and every command, called by everybody there is, against the table in `rights/rows.ts`: what it allows is
 * done, what it refuses is refused with this very code and changes nothing, and what may not be seen is answered as what
 * does not exist.
 */

let server: TestServer;
let cast: Cast;
let routes: string[];

beforeAll(async () => {
  server = await startServer();
  cast = await gather(server);
  routes = routesOf(server.context);
});
afterAll(() => server.stop());

/** `GET /rooms/:id` and so on: all that the application answers below `/api/v1`. */
function routesOf(ctx: Context): string[] {
  const app = httpApp({
    ctx,
    origins: { isListed: () => false, isAllowed: () => false },
    remoteAddress: () => "",
    addressOf: () => "",
    whenRead: () => {},
    isDraining: () => false,
  });
  const found = app.routes
    .filter(({ method, path }) => method !== "ALL" && path.startsWith("/api/v1/") && !path.includes("*"))
    .map(({ method, path }) => `${method} ${path.slice("/api/v1".length)}`);
  return [...new Set(found)].sort();
}

const unknownId = "018f0000-0000-7000-8000-000000000000";

/** `ok`, or status and code. */
function outcomeOf(answer: Answer): string {
  return answer.status < 300 ? "ok" : answer.outcome;
}

function call(who: Who, method: string, path: string, body?: unknown): Promise<Answer> {
  return who === "guest" ? request(server, method, path, body) : cast[who].http(method, path, body);
}

/** Tables that move by themselves: indexes, cursors, what is told in the background. */
const moving =
  /^(sessions|search_progress|search_changes|cursor_moves|notifications|notification_progress|settings|revocations|one_time_tokens)$/;
const movingColumns = ["read_seq", "delivered_seq", "last_seen_at", "last_login_at"];

/** All that a refused call could have changed. */
async function everything(): Promise<string[]> {
  const { db } = server.context;
  const dumps: string[] = [];
  const { rooms } = db.tables;
  const deleted = await db.read.select({ key: rooms.key }).from(rooms).where(isNotNull(rooms.deleted_at));
  const gone = new Set(deleted.map(({ key }) => key));
  for (const [name, table] of Object.entries(db.tables)) {
    if (moving.test(name)) continue;
    const rows = await db.read.select().from(table as never);
    for (const row of rows as Record<string, unknown>[]) {
      // Deleted rooms are cleared away after a while.
      if (gone.has(Number(name === "rooms" ? row["key"] : row["room_key"]))) continue;
      for (const column of movingColumns) delete row[column];
      dumps.push(`${name} ${JSON.stringify(row)}`);
    }
  }
  return dumps.sort();
}

function expectedOf(expected: Record<Who, string>, outside: string | null, type: "public" | "private", who: Who) {
  const isOutside = type === "private" && outside !== null && outsiders.includes(who);
  // A guest is told to sign in wherever guests get no answer at all.
  if (!isOutside || (who === "guest" && /UNAUTHENTICATED/.test(expected.guest))) return expected[who];
  return outside;
}

/** First all call whom the row refuses: the world stays as it is. Then those whom it allows. */
async function tryAll(
  type: "public" | "private",
  { expected, outside, isOnce = false }: Pick<Row, "expected" | "outside" | "isOnce">,
  attempt: (who: Who, world: World) => Promise<string>,
): Promise<Record<string, string>> {
  const found: Record<string, string> = {};
  const isRefused = (who: Who) => expectedOf(expected, outside, type, who) !== "ok";
  let world = await makeWorld(cast, type);
  const before = await everything();
  for (const who of everybody.filter(isRefused)) found[who] = await attempt(who, { ...world, actor: who });
  expect(await everything()).toEqual(before);
  for (const who of everybody.filter((each) => !isRefused(each))) {
    found[who] = await attempt(who, { ...world, actor: who });
    if (isOnce) world = await makeWorld(cast, type);
  }
  return found;
}

const inOrder = (type: "public" | "private", { expected, outside }: Pick<Row, "expected" | "outside">) =>
  Object.fromEntries(everybody.map((who) => [who, expectedOf(expected, outside, type, who)]));

const rowsOf = (name: string): Row[] => {
  const found = routeRows[name];
  return found === undefined ? [] : Array.isArray(found) ? found : "call" in found ? [found] : [];
};

describe("the table", () => {
  test("has a row for every route there is, and no other", () => {
    expect({ withoutRow: routes.filter((name) => !(name in routeRows)) }).toEqual({ withoutRow: [] });
    expect({ withoutRoute: Object.keys(routeRows).filter((name) => !routes.includes(name)) }).toEqual({
      withoutRoute: [],
    });
  });

  test("has a row for every command there is", () => {
    expect(Object.keys(commands).filter((name) => !(name in commandRows))).toEqual([]);
  });
});

describe("a route is for whom the table says", () => {
  for (const name of Object.keys(routeRows)) {
    for (const [index, row] of rowsOf(name).entries()) {
      for (const type of row.outside === null ? (["public"] as const) : (["public", "private"] as const)) {
        test(`${name}, way ${index + 1}, in a ${type} room`, async () => {
          const [method = ""] = name.split(" ");
          const found = await tryAll(type, row, async (who, world) => {
            const { path, body } = await row.call(world);
            const answer = await call(who, method, path, body);
            if (answer.status === 404 && type === "private" && outsiders.includes(who)) {
              const unknown = [world.roomId, world.messageId, world.pinnedId];
              const nowhere = unknown.reduce((at, id) => at.replace(id, unknownId), path);
              const other = await call(who, method, nowhere, body);
              const [seen, unseen] = [answer, other].map(({ error }) => ({ ...error, request_id: "" }));
              expect({ who, ...seen }).toEqual({ who, ...unseen } as never);
            }
            return outcomeOf(answer);
          });
          expect(found).toEqual(inOrder(type, row) as never);
        }, 60_000);
      }
    }
  }

  for (const [name, found] of Object.entries(routeRows)) {
    const [method = ""] = name.split(" ");
    if ("own" in found) {
      test(`${name}, of one's own`, async () => {
        const { own } = found as OwnRow;
        const { path, body, outcome = "ok" } = own(testPassword);
        expect(outcomeOf(await request(server, method, path, body))).toBe("401 UNAUTHENTICATED");
        expect(outcomeOf(await (await stranger(server)).http(method, path, body))).toBe(outcome);
      });
    }
    if ("open" in found) {
      test(`${name}, without signing in`, async () => {
        const { path, body, outcome } = (found as OpenRow).open;
        expect(outcomeOf(await request(server, method, path, body))).toBe(outcome);
      });
    }
  }
});

describe("a command is for whom the table says", () => {
  async function attempt(type: CommandName, row: CommandRow, who: Who, world: World): Promise<string> {
    const socket = who === "guest" ? await guestSocket(server) : await cast[who].connect();
    const ref = `rights ${type}`;
    socket.send({ type, payload: row.payload(world), ref });
    await socket.fence();
    const refusal = socket.frames.find((frame) => frame.type === "error" && frame.ref === ref);
    socket.close();
    return refusal?.type === "error" ? refusal.payload.code : "ok";
  }

  for (const [name, found] of Object.entries(commandRows) as [CommandName, CommandRow | CommandRow[]][]) {
    for (const [index, row] of [found].flat().entries()) {
      for (const type of row.outside === null ? (["public"] as const) : (["public", "private"] as const)) {
        test(`${name}, way ${index + 1}, in a ${type} room`, async () => {
          const found = await tryAll(type, row, (who, world) => attempt(name, row, who, world));
          expect(found).toEqual(inOrder(type, row) as never);
        }, 60_000);
      }
    }
  }
});

describe("where guests are not let in", () => {
  test("nothing answers who is not signed in but what signs in", async () => {
    const closed = await startServer({ env: { GUESTS: "off" } });
    for (const name of routes) {
      if ("open" in (routeRows[name] ?? {})) continue;
      const [method = "", path = ""] = name.split(" ");
      // What is asked in a wrong way may be told so first.
      const query = path.endsWith("/changes") ? "?since_rev=0" : path.endsWith("/search") ? "?q=x" : "";
      const { outcome } = await request(closed, method, `${path.replace(/:\w+/g, unknownId)}${query}`);
      expect({ name, outcome }).toEqual({ name, outcome: "401 UNAUTHENTICATED" });
    }
    const socket = new TestSocket(`${closed.wsUrl}?guest=1`);
    expect((await socket.closed).code).not.toBe(1000);
    await closed.stop();
  });
});
