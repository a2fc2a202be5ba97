import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { addUser, setDisabled, setPassword } from "../../src/server/accounts/manage.ts";
import { until } from "../support/deferred.ts";
import { forEachDialect } from "../support/dialects.ts";
import { person, request, testPassword, type Person } from "../support/people.ts";
import { startServer, type TestServer } from "../support/server.ts";
import { refresh, signIn } from "./accounts-rig.ts";

const withinMs = 1_000; // G5

forEachDialect((dialect) => {
  let server: TestServer;
  /** Another process on the same database, as the operator's command is: it cannot tell the first one anything. */
  let other: TestServer;
  let ann: Person;
  beforeEach(async () => {
    // What others tell a node has a second: nodes.test.ts.
    server = await startServer({ dialect, onOneNode: "at once is what this node was told itself" });
    const { databaseUrl } = server.context.config;
    other = await startServer({ env: { DATABASE_URL: databaseUrl, DATA_DIR: server.dataDir } });
    ann = await person(server, "ann");
  });
  afterEach(async () => {
    await other.stop();
    await server.stop();
  });

  const outcome = async (who: Person) => (await who.http("GET", "/users/me")).outcome;
  /** How long until a request of `who` is answered with `expected`. */
  const msUntil = async (who: Person, expected: string) => {
    const before = performance.now();
    await until(async () => (await outcome(who)) === expected, expected, 5_000);
    return performance.now() - before;
  };

  test("a disabled account is out at once on this server, and in again when enabled", async () => {
    const socket = await ann.connect();
    await setDisabled(server.context, "ANN", true);
    expect(await outcome(ann)).toBe("403 ACCOUNT_DISABLED");
    expect((await socket.closed).code).toBe(4001);
    expect((await refresh(server, ann.refreshToken)).status).toBe(401);
    expect((await signIn(server, "ann", testPassword)).outcome).toBe("403 ACCOUNT_DISABLED");
    expect((await signIn(server, "ann", "wrong password")).outcome).toBe("401 INVALID_CREDENTIALS");
    await setDisabled(server.context, "ann", false);
    expect(await outcome(ann)).toBe("401 UNAUTHENTICATED"); // its sessions stay ended
    expect((await signIn(server, "ann", testPassword)).outcome).toBe("200");
  });

  test("disabled by another process, it is out within a second, with its sockets", async () => {
    const [phone, socket] = [await ann.onAnotherDevice(), await ann.connect()];
    await setDisabled(other.context, "ann", true);
    expect(await msUntil(ann, "403 ACCOUNT_DISABLED")).toBeLessThan(withinMs);
    expect(await outcome(phone)).toBe("403 ACCOUNT_DISABLED");
    expect((await socket.closed).code).toBe(4001);
  });

  test("a password set by another process ends all sessions within a second", async () => {
    const socket = await ann.connect();
    await setPassword(other.context, "ann", "set by the operator");
    expect(await msUntil(ann, "401 UNAUTHENTICATED")).toBeLessThan(withinMs);
    expect((await socket.closed).code).toBe(4001);
    expect((await signIn(server, "ann", "set by the operator")).outcome).toBe("200");
  });

  test("a device signed out at another server is out within a second, and only it", async () => {
    const phone = await ann.onAnotherDevice();
    const [annSocket, phoneSocket] = [await ann.connect(), await phone.connect()];
    await phone.at(other).http("POST", "/auth/logout");
    expect(await msUntil(phone, "401 UNAUTHENTICATED")).toBeLessThan(withinMs);
    expect((await phoneSocket.closed).code).toBe(4001);
    expect(await outcome(ann)).toBe("200");
    expect((await annSocket.request("ping", {})).type).toBe("pong");
  });

  test("signing out, everywhere, or by a new password closes the sockets of the sessions that end, and no other", async () => {
    const [phone, laptop, tablet] = [
      await ann.onAnotherDevice(),
      await ann.onAnotherDevice(),
      await ann.onAnotherDevice(),
    ];
    const [a, p, l, t] = [await ann.connect(), await phone.connect(), await laptop.connect(), await tablet.connect()];
    await phone.http("POST", "/auth/logout");
    expect((await p.closed).code).toBe(4001);
    const change = { old_password: testPassword, new_password: "a whole new password" };
    expect((await ann.http("PUT", "/users/me/password", change)).outcome).toBe("200");
    expect((await l.closed).code).toBe(4001);
    expect((await t.closed).code).toBe(4001);
    expect((await a.request("ping", {})).type).toBe("pong");
    await ann.http("POST", "/auth/logout-all");
    expect((await a.closed).code).toBe(4001);
  });

  test("a stolen refresh token that is used again closes the socket of its session", async () => {
    const socket = await ann.connect();
    await refresh(server, ann.refreshToken);
    const second = await refresh(server, ann.refreshToken);
    const { refresh_token } = second.data as { refresh_token: string };
    await refresh(server, refresh_token);
    expect((await refresh(server, ann.refreshToken)).status).toBe(401);
    expect((await socket.closed).code).toBe(4001);
  });

  test("disabling races a thousand requests: none that begins after it gets through", async () => {
    const crowd = (size: number) => Promise.all(Array.from({ length: size }, () => outcome(ann)));
    const before = crowd(500);
    await setDisabled(server.context, "ann", true);
    const after = await crowd(500);
    expect([...new Set(after)]).toEqual(["403 ACCOUNT_DISABLED"]);
    for (const answer of await before) expect(["200", "403 ACCOUNT_DISABLED", "401 UNAUTHENTICATED"]).toContain(answer);
  });

  test("an account made by another process signs in here", async () => {
    await addUser(other.context, {
      username: "Ben",
      password: testPassword,
      role: "moderator",
      email: "B@example.org",
    });
    const answer = await request(server, "POST", "/auth/login", { email: "b@example.org", password: testPassword });
    expect(answer.data).toMatchObject({ user: { username: "Ben", role: "moderator", email_verified: true } });
  });

  describe("the operator is refused", () => {
    test.each([
      ["a taken name", { username: "ANN" }, "USERNAME_TAKEN"],
      ["a common password", { password: "password1" }, "VALIDATION_ERROR"],
      ["a short password", { password: "short" }, "VALIDATION_ERROR"],
    ])("%s", async (_, input, code) => {
      const add = addUser(server.context, { username: "new-one", password: testPassword, role: "user", ...input });
      expect(add).rejects.toMatchObject({ code });
    });

    test("an unknown name", () => {
      expect(setDisabled(server.context, "nobody", true)).rejects.toMatchObject({ code: "USER_NOT_FOUND" });
      expect(setPassword(server.context, "nobody", testPassword)).rejects.toMatchObject({ code: "USER_NOT_FOUND" });
    });
  });
});
