import { afterEach, beforeEach, expect, test } from "bun:test";
import Libsql from "libsql";
import { rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Checkpoints } from "../../src/server/platform/db/dialect/checkpoints.ts";
import { until } from "../support/deferred.ts";
import { temporaryFolder } from "../support/environment.ts";
import { startServer } from "../support/server.ts";
import { cast, makeRoom } from "../capability/rooms-cast.ts";

let folder: string;
let path: string;
beforeEach(() => {
  folder = temporaryFolder();
  path = join(folder, "some.db");
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const failed = (error: unknown) => {
  throw error;
};

/** A connection that leaves everything in the log, with rows of a page each. */
function writer(): { write: (rows: number) => void; close: () => void } {
  const db = new Libsql(path);
  for (const pragma of ["journal_mode = WAL", "wal_autocheckpoint = 0"]) db.exec(`PRAGMA ${pragma}`);
  db.exec("CREATE TABLE rows (content TEXT)");
  const insert = db.prepare("INSERT INTO rows VALUES (?)");
  const write = (rows: number) => {
    db.exec("BEGIN");
    for (let row = 0; row < rows; row++) insert.run("x".repeat(4_000));
    db.exec("COMMIT");
  };
  return { write, close: () => db.close() };
}

test("what was committed is copied into the file while its writer goes on, once there is enough of it", async () => {
  const { write, close } = writer();
  const checkpoints = new Checkpoints(path, failed);
  write(100);
  checkpoints.committed(100);
  await checkpoints.idle();
  const before = statSync(path).size;
  expect(before).toBeLessThan(100 * 4_096);
  write(3_000);
  checkpoints.committed(3_000);
  write(10);
  await checkpoints.idle();
  expect(statSync(path).size).toBeGreaterThan(3_000 * 4_096);
  await checkpoints.close();
  close();
});

test("why the log cannot be copied is told, and it is tried again", async () => {
  writeFileSync(path, "x".repeat(10_000));
  const told: string[] = [];
  const checkpoints = new Checkpoints(path, (error) => told.push(String(error)));
  for (let time = 0; time < 2; time++) {
    checkpoints.committed(5_000);
    await checkpoints.idle();
  }
  expect(told.filter((text) => text.includes("not a database")).length).toBeGreaterThanOrEqual(2);
  await checkpoints.close();
});

test("messages reach the database's file long before their own connection would copy them", async () => {
  const server = await startServer();
  try {
    const { db } = server.context;
    if (db.dialect !== "libsql" || db.isRemote) throw new Error("only the embedded database has such a file");
    const { ann } = await cast(server, "ann");
    const { id } = await makeRoom(ann);
    const before = statSync(db.path).size;
    for (let index = 0; index < 510; index++) {
      const message = { content: `${index}`.padEnd(500, "."), temp_id: `${index}` };
      expect((await ann.http("POST", `/rooms/${id}/messages`, message)).status).toBe(201);
    }
    await until(() => statSync(db.path).size > before + 200_000, "that the file has grown");
  } finally {
    await server.stop();
  }
});
