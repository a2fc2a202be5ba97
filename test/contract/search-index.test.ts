import { expect, test } from "bun:test";
import { inArray } from "drizzle-orm";
import { z } from "zod";
import { joinedRoom, searchHit } from "../../src/protocol/models.ts";
import { catchUp } from "../../src/server/search/indexer.ts";
import { noteChanged } from "../../src/server/timeline/changed.ts";
import { libsqlRows } from "../support/database.ts";
import { forEachDatabase } from "../support/dialects.ts";
import { people } from "../support/people.ts";
import { seeded } from "../support/random.ts";
import { startServer } from "../support/server.ts";
import { rowsOf } from "../support/sqlite.ts";

const words = ["apple", "pear", "plum", "牛肉", "豬肉", "雞肉"];

forEachDatabase((dialect) => {
  test("after any number of sends, edits and purges in any order, a search finds what a look at every message finds", () =>
    seeded(async (random) => {
      const server = await startServer({ dialect });
      try {
        const { context } = server;
        const { db } = context;
        const { messages, rooms } = db.tables;
        const { ann } = await people(server, "ann");
        const room = (await ann.http("POST", "/rooms", { name: "room", type: "public" })).as(joinedRoom.loose());
        const [stored] = await db.read
          .select()
          .from(rooms)
          .where(inArray(rooms.id, [room.id]));
        const roomKey = stored?.key ?? 0;
        const pick = () => words[Math.floor(random() * words.length)] ?? "";
        const some = <T>(items: readonly T[], share: number) => items.filter(() => random() < share);
        const held = new Map<number, string>();
        let seq = 1_000;
        for (let round = 0; round < 25; round++) {
          await db.write(async (tx) => {
            // As everybody who writes messages does: on Postgres the indexer asks who holds it.
            await db.lockRooms(tx, [roomKey]);
            const rows = Array.from({ length: Math.floor(random() * 60) + 1 }, () => ({
              id: Bun.randomUUIDv7(),
              room_key: roomKey,
              seq: ++seq,
              sender_key: 1,
              type: "text" as const,
              content: `${pick()} ${pick()}${pick()}`,
              created_at: seq,
              sent_rev: seq,
            }));
            const inserted = await tx.insert(messages).values(rows).returning();
            for (const { key, content } of inserted) held.set(key, content);
            const edited = some([...held.keys()], 0.1);
            const gone = some([...held.keys()], random() < 0.3 ? 0.4 : 0.05);
            for (const key of edited) {
              const content = `${pick()} ${pick()}`;
              await tx
                .update(messages)
                .set({ content })
                .where(inArray(messages.key, [key]));
              held.set(key, content);
            }
            if (gone.length > 0) await tx.delete(messages).where(inArray(messages.key, gone));
            for (const key of gone) held.delete(key);
            await noteChanged(context, tx, [...edited, ...gone]);
          });
          // Not after every change: several of one message meet in the index.
          if (random() < 0.7) await catchUp(context);
        }
        await catchUp(context);
        for (const word of words) {
          const found: string[] = [];
          for (let before = ""; ;) {
            const query = new URLSearchParams({ q: word, limit: "100", ...(before && { before }) });
            const answer = await ann.http("GET", `/rooms/${room.id}/messages/search?${query}`);
            found.push(...answer.as(z.array(searchHit)).map(({ content }) => content));
            before = answer.meta["has_more"] ? String(answer.meta["oldest_id"]) : "";
            if (before === "") break;
          }
          const isIn = (content: string) =>
            /[a-z]/.test(word) ? new RegExp(`(^|[^a-z])${word}`).test(content) : content.includes(word);
          expect(found).toEqual(
            [...held].sort(([a], [b]) => b - a).flatMap(([, content]) => (isIn(content) ? [content] : [])),
          );
        }
        if (db.dialect === "postgres") {
          const [row] = await db.ask((sql) => sql<{ count: number }[]>`SELECT count(*) AS count FROM message_search`);
          expect(row?.count).toBe(held.size);
        } else {
          const [row] = await libsqlRows(db, "SELECT count(*) AS count FROM message_search_docsize");
          expect(row?.["count"]).toBe(held.size);
          if (!db.isRemote) expect(rowsOf(db.path, "PRAGMA integrity_check")).toEqual([{ integrity_check: "ok" }]);
        }
      } finally {
        await server.stop();
      }
    }));
});
