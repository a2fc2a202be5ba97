import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { connect, createServer, type AddressInfo, type Server } from "node:net";
import { systemClock } from "../../src/server/platform/clock.ts";
import { openDatabase } from "../../src/server/platform/db/open.ts";
import { watchClock } from "../../src/server/platform/db/postgres/clock.ts";
import { Line, usualSession } from "../../src/server/platform/db/postgres/line.ts";
import { Jobs } from "../../src/server/platform/jobs/jobs.ts";
import { alwaysLeads } from "../../src/server/platform/jobs/leadership.ts";
import { type Log, named } from "../../src/server/platform/log.ts";
import { createMetrics } from "../../src/server/platform/metrics.ts";
import { StartError } from "../../src/server/platform/start-error.ts";
import { postgresLack, PostgresServer } from "../support/postgres.ts";

/** What a start on `url` is refused with. */
async function refusal(url: string): Promise<string> {
  const error = await openDatabase(url, named("test")).then(
    (db) => db.close().then(() => new Error("it was not refused")),
    (error: unknown) => error,
  );
  expect(error).toBeInstanceOf(StartError);
  const line = error instanceof Error ? error.message : "";
  expect(line).not.toContain("\n");
  return line;
}

describe.skipIf(postgresLack !== undefined)("a Postgres that cannot be used is refused in one line", () => {
  let server: PostgresServer;
  beforeAll(async () => {
    server = await PostgresServer.start({ settings: { max_connections: "8", superuser_reserved_connections: "3" } });
  });
  afterAll(() => server.stop());

  test("of too old a version", async () => {
    const { url, drop } = await server.fresh();
    // Says of itself to be Postgres 13, in as many bytes.
    const older = createServer((client) => {
      const behind = connect(server.port, "127.0.0.1");
      client.pipe(behind);
      behind.on("data", (chunk: Buffer) => {
        client.write(chunk.toString("latin1").replaceAll(/\b1[4-9](?=\d{4}\b)/g, "13"), "latin1");
      });
      for (const [end, other] of [
        [client, behind],
        [behind, client],
      ] as const) {
        end.on("close", () => other.destroy());
        end.on("error", () => other.destroy());
      }
    });
    const line = await refusal(url.replace(String(server.port), String(await listen(older))));
    expect(line).toMatch(/^DATABASE_URL: the server is Postgres .*, and Parley needs 14 or newer; upgrade the server$/);
    older.close();
    await drop();
  });

  test("with an encoding that cannot hold what people write", async () => {
    await server.administer((sql) => sql`CREATE DATABASE narrow ENCODING 'LATIN1' TEMPLATE template0`);
    expect(await refusal(`${server.url}/narrow`)).toBe(
      "DATABASE_URL: the database's encoding is LATIN1; make one with ENCODING 'UTF8' and name that",
    );
  });

  test("that may only be read", async () => {
    const { url, drop } = await server.fresh();
    await server.administer((sql) =>
      sql.unsafe(`ALTER DATABASE ${new URL(url).pathname.slice(1)} SET default_transaction_read_only = on`),
    );
    expect(await refusal(url)).toContain("default_transaction_read_only");
    await drop();
  });

  test("whose connections are all taken", async () => {
    const { url, drop } = await server.fresh();
    await server.administer((sql) => sql`CREATE ROLE guest LOGIN`);
    const guest = url.replace("parley@", "guest@");
    const taken = await Promise.all(Array.from({ length: 5 }, () => hold(server.port, new URL(url).pathname.slice(1))));
    expect(await refusal(guest)).toMatch(/too many clients|reserved/);
    for (const socket of taken) socket.destroy();
    await drop();
  });
});

test("what is no Postgres, or nobody, is refused in one line that names DATABASE_URL and keeps the password", async () => {
  const web = Bun.serve({ port: 0, fetch: () => new Response("hello") });
  const silent = Bun.listen({ hostname: "127.0.0.1", port: 0, socket: { data() {} } });
  const opening = (port: number | undefined) =>
    Line.open(`postgres://ann:swordfish@127.0.0.1:${port}/chat`, usualSession("test"), 800);
  await expect(opening(web.port)).rejects.toThrow("what listens there does not answer as Postgres does");
  await expect(opening(silent.port)).rejects.toThrow("what listens there says nothing");
  const place = "127.0.0.1:1/chat";
  const cannot = `DATABASE_URL: Postgres at ${place} cannot be used:`;
  expect(await refusal(`postgres://ann:swordfish@${place}`)).toBe(`${cannot} it refused the connection`);
  expect(await refusal(`postgres://ann:sword%fish@${place}`)).toBe(
    `${cannot} a % in its user or password has to be written as %25`,
  );
  await web.stop(true);
  silent.stop(true);
});

test("clocks that are apart are told once, and once again after they were together", async () => {
  const lines: string[] = [];
  const log: Log = Object.assign(Object.create(named("test")), { warn: (line: string) => lines.push(line) });
  const metrics = createMetrics();
  const jobs = new Jobs(systemClock, log, alwaysLeads(metrics));
  const looks: (() => Promise<void>)[] = [];
  jobs.every = (_name, _everyMs, task) => void looks.push(task);
  let apartMs = 0;
  const db = { ask: async () => [{ ms: Date.now() - apartMs }] as never };
  watchClock(db, jobs, metrics, log);
  for (apartMs of [0, 3_600_000, 3_600_000, 1_000, -60_000]) await looks[0]?.();
  await jobs.stop();
  expect(lines).toEqual([
    "this node's clock is 3600 s ahead of the database's: set both by NTP",
    "this node's clock is 60 s behind the database's: set both by NTP",
  ]);
  const [sample] = (await metrics.databaseClock.get()).values;
  expect(sample?.value).toBeCloseTo(-60, 0);
});

async function listen(server: Server): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return (server.address() as AddressInfo).port;
}

/** A session that does nothing. */
async function hold(port: number, database: string) {
  const socket = connect(port, "127.0.0.1");
  const text = Buffer.from(`\0\x03\0\0user\0guest\0database\0${database}\0\0`, "latin1");
  const head = Buffer.alloc(4);
  head.writeInt32BE(text.length + 4);
  socket.write(Buffer.concat([head, text]));
  await new Promise((resolve) => socket.once("data", resolve));
  return socket;
}
