import { expect, test } from "bun:test";
import { ben, calm, enter, newWorld, type SmallWorld } from "./small-world.ts";

function listen({ client }: SmallWorld): number[] {
  const heard: number[] = [];
  client.onMessage(({ seq }) => heard.push(seq));
  return heard;
}
const upTo = (last: number) => Array.from({ length: last }, (_, index) => index + 1);

test("hears what was missed, page after page, before what comes live", async () => {
  const world = newWorld();
  await enter(world);
  const heard = listen(world);
  world.server.publish(world.server.room.send(ben, "first").events);
  await calm(world);
  world.server.cut();
  for (let count = 0; count < 250; count++) world.server.room.send(ben, "missed");
  await calm(world);
  world.server.publish(world.server.room.send(ben, "live").events);
  await calm(world);
  expect(heard).toEqual(upTo(252));
});

test("a room that was empty is heard from its first message on", async () => {
  const world = newWorld();
  await enter(world);
  const heard = listen(world);
  world.server.cut();
  for (let count = 0; count < 250; count++) world.server.room.send(ben, "missed");
  await calm(world);
  expect(heard).toEqual(upTo(250));
});

test("another history of the database is followed from where it stands", async () => {
  const world = newWorld();
  for (let count = 0; count < 20; count++) world.server.room.send(ben, "before");
  await enter(world);
  const heard = listen(world);
  world.server.epoch = "restored";
  world.server.room.messages.splice(10);
  world.server.cut();
  await calm(world);
  world.server.publish(world.server.room.send(ben, "after").events);
  await calm(world);
  expect(heard).toEqual([11]);
});
