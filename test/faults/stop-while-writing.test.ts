import { expect, test } from "bun:test";
import { eq } from "drizzle-orm";
import { runInLane } from "../../src/server/timeline/lane.ts";
import { within } from "../support/deferred.ts";
import { startServer } from "../support/server.ts";

test("a stop while the lane's thread works for somebody else waits for it, and for nothing more", async () => {
  const server = await startServer();
  const { context } = server;
  if (context.db.dialect !== "libsql") throw new Error("only the embedded database has such a thread");
  const { db } = context;
  const rows = Array.from({ length: 200 }, (_, index) => ({
    sql: "REPLACE INTO settings (name, value) VALUES (?, ?)",
    values: [`row ${index}`, "x".repeat(10_000)],
  }));
  // The stop begins while the lock is held and the answer is on its way: as when read cursors are being written.
  const writing = db.writers.run(async () => {
    const running = runInLane(context, rows);
    const stored = running.then(() =>
      db.read.select().from(db.tables.settings).where(eq(db.tables.settings.name, "row 199")),
    );
    const stopping = server.stop();
    const found = await stored;
    return { found, stopping };
  });
  const { found, stopping } = await within(writing, () => "the thread never answered", 10_000);
  expect(found).toHaveLength(1);
  await within(stopping, () => "the stop waits for ever", 10_000);
});
