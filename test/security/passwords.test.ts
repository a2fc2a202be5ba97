import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { ManualClock } from "../support/clock.ts";
import { people, request, testPassword, type Person, type Reachable } from "../support/people.ts";
import { startServer, type TestServer } from "../support/server.ts";

/** Every address of this machine's own range is another client: 127.0.0.2, 127.0.0.3 … come by a trusted proxy. */
const from = (address: string) => ({ headers: { "x-forwarded-for": address } });

const login = (server: Reachable, username: string, password: string, address: string) =>
  request(server, "POST", "/auth/login", { username, password }, from(address));

describe("guessing passwords", () => {
  let server: TestServer;
  let ann: Person;
  const clock = new ManualClock();
  beforeAll(async () => {
    server = await startServer({ clock, env: { RATE_LIMITS: "on", TRUST_PROXY: "127.0.0.1" } });
    ({ ann } = await people(server, "ann"));
  });
  afterAll(() => server.stop());

  test("is stopped after ten failures from one address, with the time to wait, also for the right password", async () => {
    for (let guess = 0; guess < 10; guess++) {
      expect((await login(server, "ann", `wrong ${guess}`, "203.0.113.1")).outcome).toBe("401 INVALID_CREDENTIALS");
    }
    const refused = await login(server, "ann", testPassword, "203.0.113.1");
    expect(refused.outcome).toBe("429 RATE_LIMITED");
    const waitS = Number(refused.headers.get("retry-after"));
    expect(waitS).toBeGreaterThanOrEqual(1);
    expect(waitS).toBeLessThanOrEqual(60);
    clock.advance(waitS * 1_000);
    expect((await login(server, "ann", testPassword, "203.0.113.1")).status).toBe(200);
  });

  test("does not lock out the victim, who comes from elsewhere", async () => {
    for (let guess = 0; guess < 15; guess++) await login(server, "ann", `wrong ${guess}`, "203.0.113.2");
    expect((await login(server, "ann", testPassword, "198.51.100.7")).status).toBe(200);
    expect((await ann.http("GET", "/users/me")).status).toBe(200);
  });

  test("over many names from one address is stopped as well", async () => {
    const outcomes: string[] = [];
    for (let guess = 0; guess < 12; guess++) {
      outcomes.push((await login(server, `name-${guess}`, "wrong password", "203.0.113.3")).outcome);
    }
    expect(outcomes.slice(10)).toEqual(["429 RATE_LIMITED", "429 RATE_LIMITED"]);
  });

  test("all at once gains nothing: of fifty parallel guesses ten are looked at", async () => {
    const outcomes = await Promise.all(
      Array.from({ length: 50 }, (_, guess) => login(server, "ann", `wrong ${guess}`, "203.0.113.4")),
    );
    const looked = outcomes.filter(({ outcome }) => outcome === "401 INVALID_CREDENTIALS");
    expect(looked.length).toBeLessThanOrEqual(10);
    const rest = new Set(outcomes.filter((answer) => !looked.includes(answer)).map(({ status }) => status));
    expect([...rest].every((status) => status === 429 || status === 503)).toBe(true);
  });

  test("does not count who signs in rightly", async () => {
    for (let time = 0; time < 25; time++) {
      expect((await login(server, "ann", testPassword, "203.0.113.5")).status).toBe(200);
    }
  });

  test("of addresses in one IPv6 network counts together", async () => {
    for (let guess = 0; guess < 10; guess++) await login(server, "ann", "wrong one", `2001:db8:0:1::${guess + 1}`);
    expect((await login(server, "ann", testPassword, "2001:db8:0:1:ffff::9")).outcome).toBe("429 RATE_LIMITED");
    expect((await login(server, "ann", testPassword, "2001:db8:0:2::1")).status).toBe(200);
  });

  test("the registration of a thirty-first account in an hour is refused, from elsewhere it is not", async () => {
    const register = (index: number, address: string) =>
      request(server, "POST", "/auth/register", { username: `new-${index}`, password: testPassword }, from(address));
    for (let index = 0; index < 30; index++) expect((await register(index, "203.0.113.6")).status).toBe(201);
    expect((await register(30, "203.0.113.6")).outcome).toBe("429 RATE_LIMITED");
    expect((await register(30, "203.0.113.7")).status).toBe(201);
  });
});

describe("what an answer tells", () => {
  let server: TestServer;
  beforeAll(async () => {
    server = await startServer({ env: { BCRYPT_COST: "10" } });
    await people(server, "ann", "ben");
    await request(server, "POST", "/auth/register", {
      username: "cleo",
      password: testPassword,
      email: "cleo@example.org",
    });
  });
  afterAll(() => server.stop());

  const timed = async (work: () => Promise<unknown>): Promise<number> => {
    const start = performance.now();
    await work();
    return performance.now() - start;
  };

  test("an unknown name and a wrong password are the same, to the letter and nearly to the millisecond", async () => {
    const unknown = await request(server, "POST", "/auth/login", { username: "nobody", password: testPassword });
    const wrong = await request(server, "POST", "/auth/login", { username: "ann", password: "wrong password" });
    expect({ ...unknown.error, request_id: "" }).toEqual({ ...wrong.error, request_id: "" } as never);
    expect(unknown.status).toBe(wrong.status);
    const times = { unknown: [] as number[], wrong: [] as number[] };
    for (let round = 0; round < 8; round++) {
      const body = { password: `wrong password ${round}` };
      times.unknown.push(await timed(() => request(server, "POST", "/auth/login", { username: "nobody", ...body })));
      times.wrong.push(await timed(() => request(server, "POST", "/auth/login", { username: "ann", ...body })));
    }
    // The fastest of each is the least disturbed: without a hash an unknown name would be fifty times faster.
    expect(Math.min(...times.unknown)).toBeGreaterThan(Math.min(...times.wrong) / 3);
  }, 30_000);

  test("asking for a reset says the same for every address", async () => {
    const answers = await Promise.all(
      ["cleo@example.org", "nobody@example.org"].map((email) =>
        request(server, "POST", "/auth/password/forgot", { email }),
      ),
    );
    expect(answers.map(({ status, text }) => ({ status, text }))).toEqual(
      answers.map(() => ({ status: 202, text: answers[0]?.text ?? "" })),
    );
  });

  test("a password of ten megabytes costs nothing: it is refused before it is hashed", async () => {
    const huge = "x".repeat(10_000_000);
    const answers: number[] = [];
    const ms = await timed(async () => {
      for (let time = 0; time < 3; time++) {
        const body = JSON.stringify({ username: "ann", password: huge });
        answers.push((await request(server, "POST", "/auth/login", body)).status);
      }
    });
    expect(answers.every((status) => status === 413 || status === 422)).toBe(true);
    expect(ms).toBeLessThan(5_000);
    const long = await request(server, "POST", "/auth/login", { username: "ann", password: "x".repeat(129) });
    expect(long.outcome).toBe("422 VALIDATION_ERROR");
  });

  test("a password of 128 characters counts to its last one, whatever bcrypt's 72 bytes say", async () => {
    const password = `${"密".repeat(100)}${"x".repeat(27)}`;
    await request(server, "POST", "/auth/register", { username: "dora", password: `${password}1` });
    expect((await request(server, "POST", "/auth/login", { username: "dora", password: `${password}2` })).status).toBe(
      401,
    );
    expect((await request(server, "POST", "/auth/login", { username: "dora", password: `${password}1` })).status).toBe(
      200,
    );
  });

  test("common passwords, the name and the address are no passwords", async () => {
    const register = (username: string, password: string, email?: string) =>
      request(server, "POST", "/auth/register", { username, password, ...(email && { email }) });
    for (const password of ["password", "12345678", "Password", "qwertyuiop", "iloveyou", "long-user-name"]) {
      const { outcome } = await register("long-user-name", password);
      expect({ password, outcome }).toEqual({ password, outcome: "422 VALIDATION_ERROR" });
    }
    expect((await register("eve", "eve@example.org", "eve@example.org")).outcome).toBe("422 VALIDATION_ERROR");
  });

  test("sockets go on being served while a hundred sign-ins are hashed", async () => {
    const ann = (await people(server, "frank")).frank;
    const socket = await ann.connect();
    const flood = Promise.all(
      Array.from({ length: 100 }, () =>
        request(server, "POST", "/auth/login", { username: "ann", password: "wrong password" }),
      ),
    );
    let pongs = 0;
    let isOver = false;
    void flood.then(() => {
      isOver = true;
    });
    while (!isOver) {
      await socket.fence();
      pongs++;
    }
    expect(pongs).toBeGreaterThan(20);
    const statuses = new Set((await flood).map(({ status }) => status));
    expect([...statuses].every((status) => status === 401 || status === 503)).toBe(true);
    socket.close();
  }, 30_000);
});

describe("the address of a client", () => {
  const limitedAfter = async (server: Reachable, addressOf: (guess: number) => Record<string, string>) => {
    for (let guess = 0; guess < 20; guess++) {
      const { status } = await request(
        server,
        "POST",
        "/auth/login",
        { username: "ann", password: "wrong" },
        { headers: addressOf(guess) },
      );
      if (status === 429) return guess;
    }
    return Infinity;
  };

  test("is taken from X-Forwarded-For by nobody when no proxy is trusted", async () => {
    const server = await startServer({ env: { RATE_LIMITS: "on" } });
    expect(await limitedAfter(server, (guess) => ({ "x-forwarded-for": `203.0.113.${guess}` }))).toBe(10);
    await server.stop();
  });

  test("is taken from a trusted proxy, of its last hop alone: what the client wrote before it counts for nothing", async () => {
    const server = await startServer({ env: { RATE_LIMITS: "on", TRUST_PROXY: "127.0.0.0/8,10.0.0.0/8" } });
    const forged = (guess: number) => ({ "x-forwarded-for": `198.51.100.${guess}, 203.0.113.9` });
    expect(await limitedAfter(server, forged)).toBe(10);
    const behindTwo = (guess: number) => ({ "x-forwarded-for": `198.51.100.${guess}, 203.0.113.10, 10.1.2.3` });
    expect(await limitedAfter(server, behindTwo)).toBe(10);
    const real = (guess: number) => ({ "x-forwarded-for": `198.51.100.${guess}` });
    expect(await limitedAfter(server, real)).toBe(Infinity);
    const nonsense = (guess: number) => ({ "x-forwarded-for": `nonsense-${guess}` });
    expect(await limitedAfter(server, nonsense)).toBe(10);
    await server.stop();
  });

  test("in a list of devices is the one that was believed", async () => {
    const server = await startServer({ env: { TRUST_PROXY: "127.0.0.1" } });
    const { ann } = await people(server, "ann");
    await login(server, "ann", testPassword, "203.0.113.77");
    const sessions = (await ann.http("GET", "/auth/sessions")).data as { ip: string }[];
    expect(sessions.map(({ ip }) => ip).sort()).toEqual(["127.0.0.1", "203.0.113.77"]);
    await server.stop();
  });

  test("that was forwarded never sees the metrics", async () => {
    const server = await startServer();
    const metrics = (headers: Record<string, string>) => fetch(`${server.url}/metrics`, { headers });
    expect((await metrics({})).status).toBe(200);
    expect((await metrics({ "x-forwarded-for": "127.0.0.1" })).status).toBe(404);
    expect((await metrics({ forwarded: "for=127.0.0.1" })).status).toBe(404);
    await server.stop();
  });
});
