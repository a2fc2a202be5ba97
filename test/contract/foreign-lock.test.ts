import { expect, test } from "bun:test";
import { freshDatabase, storeUser } from "../support/database.ts";

/** Another process that holds the file's write lock until its input ends. */
async function holdElsewhere(path: string): Promise<() => Promise<void>> {
  const hold = `
    import { Database } from "bun:sqlite";
    const file = new Database(process.argv[1]);
    file.run("BEGIN IMMEDIATE");
    console.log("held");
    await Bun.stdin.text();
    file.run("ROLLBACK");
    file.close();`;
  const holder = Bun.spawn([process.execPath, "-e", hold, path], { stdin: "pipe", stdout: "pipe", stderr: "inherit" });
  await holder.stdout.getReader().read();
  return async () => {
    await holder.stdin.end();
    await holder.exited;
  };
}

test("a write that met a foreign lock is done once it is gone, at the first try: its connection is not spoilt", async () => {
  const { db, dispose } = await freshDatabase("libsql");
  if (db.dialect !== "libsql" || db.isRemote) throw new Error("this is about a file");
  const release = await holdElsewhere(db.path);
  let runs = 0;
  const writing = db.write(async (tx) => {
    runs++;
    await tx.insert(db.tables.settings).values({ name: "waited", value: "yes" });
  });
  // Long enough for the first tries to have failed: each is a call of some microseconds.
  for (let turn = 0; turn < 200; turn++) await new Promise((resolve) => setImmediate(resolve));
  expect(runs).toBe(0);
  await release();
  await writing;
  expect(runs).toBe(1);
  await storeUser(db, "ann");
  await dispose();
});
