import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { createClient } from "@libsql/client";
import { eq } from "drizzle-orm";
import { exportJWK, generateKeyPair, SignJWT } from "jose";
import { z } from "zod";
import { readConfig } from "../../src/server/config.ts";
import { AppError } from "../../src/server/platform/app-error.ts";
import type { RemoteDatabase } from "../../src/server/platform/db/database.ts";
import { isUniqueViolation } from "../../src/server/platform/db/errors.ts";
import { inspectDatabase } from "../../src/server/platform/db/inspect.ts";
import { openDatabase } from "../../src/server/platform/db/open.ts";
import { named } from "../../src/server/platform/log.ts";
import { StartError } from "../../src/server/platform/start-error.ts";
import { appendToRemote } from "../../src/server/timeline/append-remote.ts";
import { storeRoom, storeUser } from "../support/database.ts";
import { freePort } from "../support/free-port.ts";
import { Middleman } from "../support/middleman.ts";
import { Sqld, sqldLack } from "../support/sqld.ts";

const log = named("test");

/** What a start over this address says, in one line. */
async function refusal(url: string, authToken?: string): Promise<string> {
  const error = await openDatabase(url, log, { authToken }).then(
    () => new Error("it was opened"),
    (thrown: unknown) => thrown,
  );
  if (!(error instanceof StartError)) throw error;
  expect(error.message).not.toContain("\n");
  return error.message;
}

describe("the address", () => {
  test.each([
    ["libsql://db.example"],
    ["libsql://db.example:8080?tls=0"],
    ["https://db.example/base"],
    ["http://[::1]:8080"],
  ])("%s is a libSQL server's", (url) => {
    expect(readConfig({ DATABASE_URL: url, DATABASE_AUTH_TOKEN: "t" })).toMatchObject({
      databaseUrl: url,
      databaseAuthToken: "t",
    });
  });

  test.each([
    ["libsql://db.example?authToken=secret"],
    ["https://user:secret@db.example"],
    ["libsql:///nowhere"],
    ["wss://db.example"],
    ["https://db.example#secret"],
  ])("%s is refused, and not shown", (url) => {
    expect(() => readConfig({ DATABASE_URL: url })).toThrow(
      /^DATABASE_URL holds a value that is not shown; it may hold/,
    );
  });

  test("a token without a libSQL server is refused, so that nobody writes into a file they did not mean", () => {
    for (const url of [undefined, "file:/tmp/x.db", "postgres://127.0.0.1/parley"]) {
      expect(() => readConfig({ DATABASE_URL: url, DATABASE_AUTH_TOKEN: "secret" })).toThrow(
        "DATABASE_AUTH_TOKEN is set, and DATABASE_URL names no libSQL server; set it, or unset the token",
      );
    }
  });
});

describe.skipIf(sqldLack !== undefined)(
  sqldLack === undefined ? "a libSQL server" : `a libSQL server (skipped: ${sqldLack})`,
  () => {
    test("that is not there, or is none, is refused in one line", async () => {
      const port = await freePort();
      expect(await refusal(`http://127.0.0.1:${port}`, "secret")).toBe(
        `the database at 127.0.0.1:${port} cannot be reached: it refused the connection`,
      );
      const asked = new Set<string>();
      const other = Bun.serve({
        hostname: "127.0.0.1",
        port: 0,
        fetch: ({ url }) => {
          asked.add(new URL(url).pathname);
          return new Response("hello");
        },
      });
      try {
        const said = await refusal(`${other.url.origin}/in/a/folder`, "secret");
        expect([...asked]).toEqual(["/in/a/folder/v2/pipeline"]);
        expect(said).toStartWith(`the libSQL database at ${other.url.host}/in/a/folder cannot be used: `);
        expect(said).not.toContain("secret");
      } finally {
        await other.stop(true);
      }
    });

    test("that wants a token takes the right one alone, and names the variable", async () => {
      const { publicKey, privateKey } = await generateKeyPair("EdDSA", { crv: "Ed25519", extractable: true });
      const other = await generateKeyPair("EdDSA", { crv: "Ed25519" });
      const tokenBy = (key: CryptoKey) => new SignJWT({ a: "rw" }).setProtectedHeader({ alg: "EdDSA" }).sign(key);
      const { x = "" } = await exportJWK(publicKey);
      const sqld = await Sqld.start({ authKey: x });
      try {
        const { host } = new URL(sqld.url);
        expect(await refusal(sqld.url)).toBe(
          `the libSQL database at ${host} wants a token; give it in DATABASE_AUTH_TOKEN`,
        );
        const forged = await tokenBy(other.privateKey);
        expect(await refusal(sqld.url, forged)).toBe(`the libSQL database at ${host} refuses DATABASE_AUTH_TOKEN`);
        await expect(inspectDatabase(sqld.url, forged)).rejects.toThrow("refuses DATABASE_AUTH_TOKEN");
        const right = await tokenBy(privateKey);
        expect(await inspectDatabase(sqld.url, right)).toMatchObject({ name: `libSQL at ${host}`, state: "absent" });
        await (await openDatabase(sqld.url, log, { authToken: right })).close();
        expect(await inspectDatabase(sqld.url, right)).toMatchObject({ state: "ready", pending: [] });
      } finally {
        await sqld.stop();
      }
    });

    describe("used by Parley", () => {
      let sqld: Sqld;
      let middleman: Middleman;
      let db: RemoteDatabase;
      let ann: number;
      beforeAll(async () => {
        sqld = await Sqld.start();
        middleman = new Middleman(sqld.url);
        const opened = await openDatabase(middleman.url, log);
        if (opened.dialect !== "libsql" || !opened.isRemote) throw new Error("this is about libSQL behind a network");
        db = opened;
        ann = await storeUser(db, "ann");
      });
      afterAll(async () => {
        await db.close();
        await middleman.stop();
        await sqld.stop();
      });

      const names = async () => (await db.read.select().from(db.tables.rooms)).map(({ name }) => name);

      /** The first request that this is true of meets its fate, all others are answered. */
      function once(fate: "lost on the way" | "answer lost", isMeant: (asked: string) => boolean) {
        let isOver = false;
        middleman.fate = (asked) => {
          if (isOver || !isMeant(asked)) return "answered";
          isOver = true;
          return fate;
        };
        return () => isOver;
      }

      test("that holds something else is left alone", async () => {
        const foreign = await Sqld.start();
        try {
          await createClient({ url: foreign.url }).execute("CREATE TABLE theirs (a)");
          const said = `the libSQL database at ${new URL(foreign.url).host} holds other tables; give Parley a database of its own`;
          expect(await refusal(foreign.url)).toBe(said);
          await expect(inspectDatabase(foreign.url)).rejects.toThrow(said);
        } finally {
          await foreign.stop();
        }
      });

      test("gets what a transaction writes at its end in one request, and each look before it in one", async () => {
        const { settings } = db.tables;
        const before = middleman.requests;
        await db.write(async (tx) => {
          await tx.insert(settings).values({ name: "one", value: "1" });
          await tx.insert(settings).values({ name: "two", value: "2" });
          const [found] = await tx.select().from(settings).where(eq(settings.name, "two"));
          expect(found?.value).toBe("2");
          await tx.update(settings).set({ value: "3" }).where(eq(settings.name, "one"));
          await tx.delete(settings).where(eq(settings.name, "two"));
        });
        // A third one lets the stream go, and nobody waits for it.
        expect(middleman.requests - before).toBeLessThanOrEqual(3);
        const rows = await db.read.select().from(settings).where(eq(settings.name, "one"));
        expect(rows).toEqual([{ name: "one", value: "3" }]);
      });

      test("gets a batch of messages in one request", async () => {
        const room = await storeRoom(db, "batch");
        const batch = Array.from({ length: 300 }, (_, index) => messageTo(room, `${index}`));
        const asked: string[] = [];
        middleman.fate = (request) => {
          if (request.includes("messages")) asked.push(request);
          return "answered";
        };
        expect(await appendToRemote(db, batch)).toHaveLength(300);
        expect(asked).toHaveLength(1);
      });

      test("rolls back what a verb throws, and what the database refuses at the last moment", async () => {
        const { rooms, users } = db.tables;
        const [someone] = await db.read.select().from(users);
        if (!someone) throw new Error("there is nobody");
        const thrown = db.write(async (tx) => {
          await tx.update(rooms).set({ name: "thrown" });
          throw new AppError("FORBIDDEN");
        });
        await expect(thrown).rejects.toMatchObject({ code: "FORBIDDEN" });
        const { key: _, ...twin } = someone;
        const refused = db.write(async (tx) => {
          await tx.update(rooms).set({ name: "refused" });
          await tx.insert(users).values(twin);
        });
        expect(isUniqueViolation(await refused.catch((error: unknown) => error))).toBe(true);
        expect(await names()).not.toContain("thrown");
        expect(await names()).not.toContain("refused");
        await storeRoom(db, "after a refusal");
      });

      test("a commit whose answer was lost is done once, and its verb told so", async () => {
        const isOver = once("answer lost", (asked) => asked.includes("COMMIT"));
        expect(await storeRoom(db, "answer lost")).toBeGreaterThan(0);
        expect(isOver()).toBe(true);
        expect((await names()).filter((name) => name === "answer lost")).toHaveLength(1);
      });

      test("a commit that was lost on its way is done again, once", async () => {
        const isOver = once("lost on the way", (asked) => asked.includes("COMMIT"));
        expect(await storeRoom(db, "lost on the way")).toBeGreaterThan(0);
        expect(isOver()).toBe(true);
        expect((await names()).filter((name) => name === "lost on the way")).toHaveLength(1);
      });

      test("a commit that comes too late is refused: by then it was told not to be done", async () => {
        const { settings } = db.tables;
        let late = "";
        middleman.fate = (asked) => {
          if (late !== "" || !asked.includes("COMMIT")) return "answered";
          late = asked;
          return "lost on the way";
        };
        await db.write((tx) => tx.insert(settings).values({ name: "late", value: "once" }));
        await db.write((tx) => tx.update(settings).set({ value: "changed since" }).where(eq(settings.name, "late")));
        // The whole transaction was in one request, which needs no stream; what a server does when its client has gone.
        const { requests } = z.object({ requests: z.array(z.unknown()) }).parse(JSON.parse(late));
        const answer = await fetch(`${sqld.url}/v2/pipeline`, {
          method: "POST",
          body: JSON.stringify({ requests: [...requests, { type: "close" }] }),
        });
        expect(await answer.text()).toMatch(/constraint failed/i);
        const rows = await db.read.select().from(settings).where(eq(settings.name, "late"));
        expect(rows.map(({ value }) => value)).toEqual(["changed since"]);
      });

      test("a statement that is lost before the commit runs its verb again", async () => {
        let runs = 0;
        once("lost on the way", (asked) => asked.includes("insert into") && !asked.includes("COMMIT"));
        const [row] = await db.write(async (tx) => {
          runs++;
          return tx.insert(db.tables.settings).values({ name: "again", value: "1" }).returning();
        });
        expect([row?.name, runs]).toEqual(["again", 2]);
      });

      test.each(["answer lost", "lost on the way"] as const)(
        "of a batch of messages (%s) each is stored once",
        async (fate) => {
          const room = await storeRoom(db, fate);
          const batch = [
            messageTo(room, "one"),
            messageTo(room, "two"),
            { ...messageTo(room, "three"), client_id: null },
          ];
          const isOver = once(fate, (asked) => asked.includes("INSERT INTO messages"));
          expect(await appendToRemote(db, batch)).toEqual([
            { kind: "stored", seq: 1, rev: 1 },
            { kind: "stored", seq: 2, rev: 2 },
            { kind: "stored", seq: 3, rev: 3 },
          ]);
          expect(isOver()).toBe(true);
          const { messages, rooms } = db.tables;
          expect(await db.read.select().from(messages).where(eq(messages.room_key, room))).toHaveLength(3);
          const [counters] = await db.read.select().from(rooms).where(eq(rooms.key, room));
          expect(counters).toMatchObject({ last_seq: 3, rev: 3 });
        },
      );

      test("reads again what was lost", async () => {
        const isOver = once("answer lost", (asked) => asked.includes("select"));
        expect((await names()).length).toBeGreaterThan(0);
        expect(isOver()).toBe(true);
      });

      const messageTo = (room: number, content: string) => ({
        id: Bun.randomUUIDv7(),
        room_key: room,
        sender_key: ann,
        client_id: Bun.randomUUIDv7(),
        body_hash: 1,
        type: "text" as const,
        content,
        reply_to_id: null,
        mentions: null,
        created_at: 1,
      });
    });
  },
);
