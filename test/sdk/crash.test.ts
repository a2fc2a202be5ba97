import { expect, test } from "bun:test";
import { spawnServer } from "../support/server-process.ts";
import { anotherDevice, contents, newcomer, state } from "./people.ts";

test("a server killed again and again under load loses nothing that was acked and stores nothing twice", async () => {
  const server = await spawnServer();
  const ann = await newcomer(server, "ann");
  const ben = await newcomer(server, "ben");
  const lobby = ann.lobby.id;
  await ben.timelines.open(lobby);
  const heard: string[] = [];
  ben.onMessage((message) => {
    if ("content" in message && message.type === "text") heard.push(message.content);
  });
  const written: string[] = [];
  const acked: Promise<{ seq: number }>[] = [];
  for (let life = 0; life < 4; life++) {
    for (let count = 0; count < 40; count++) {
      written.push(`${life}.${count}`);
      acked.push(ann.send(lobby, `${life}.${count}`).acked);
    }
    // Somewhere in the middle of them, differently far each time.
    await acked.at(-40 + life * 9);
    await server.kill();
    await state(ann, "lost", ({ connection }) => connection.status !== "ready");
    await server.start();
    for (const client of [ann, ben]) client.connection.retryNow();
  }
  const seqs = (await Promise.all(acked)).map(({ seq }) => seq);
  expect(seqs).toEqual(seqs.toSorted((a, b) => a - b));
  expect(new Set(seqs).size).toBe(written.length);
  const fresh = await anotherDevice(server, ben);
  await fresh.timelines.open(lobby);
  while (fresh.store.getSnapshot().timelines[lobby]?.hasOlder) await fresh.timelines.loadOlder(lobby);
  expect(contents(fresh, lobby)).toEqual(written);
  await state(ben, "all of it", () => contents(ben, lobby).length === written.length);
  expect(contents(ben, lobby)).toEqual(written);
  await state(ben, "heard", () => heard.length === written.length);
  expect(heard).toEqual(written);
  for (const client of [ann, ben, fresh]) client.close();
  await server.stop();
});

test("a server that stops in order tells its clients, who come back by themselves", async () => {
  const server = await spawnServer();
  const ann = await newcomer(server, "ann");
  const told = Promise.withResolvers<number>();
  ann.on("server_shutdown", ({ reconnect_after_ms }) => told.resolve(reconnect_after_ms));
  server.signal("SIGTERM");
  expect(await told.promise).toBeGreaterThan(0);
  expect(await server.exited).toBe(0);
  expect(ann.connection.state).toMatchObject({ status: "waiting", code: 1012 });
  const sent = ann.send(ann.lobby.id, "written while it was away");
  await server.start();
  expect(await sent.acked).toMatchObject({ temp_id: sent.tempId });
  ann.close();
  await server.stop();
});
