import { expect, test } from "bun:test";
import fc from "fast-check";
import { ConnectionError } from "../../src/sdk/errors.ts";
import type { State } from "../../src/sdk/state.ts";
import { settle } from "./fake-clock.ts";
import { person } from "./model-room.ts";
import { ann } from "./model-server.ts";
import { ben, calm, enter, newWorld, roomId, type SmallWorld } from "./small-world.ts";

const others = [ben, person("cid"), person("dee"), person("eve")];

interface World extends SmallWorld {
  sent: string[];
  acked: string[];
  heard: number[];
}

type Step = { name: string; run(world: World): void | Promise<void> };

const index = fc.nat({ max: 400 });
const few = fc.nat({ max: 6 });

const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 4, arbitrary: fc.nat({ max: 3 }).map(somebodyWrites) },
  { weight: 1, arbitrary: fc.nat({ max: 3 }).map(somebodyComesOrGoes) },
  {
    weight: 1,
    arbitrary: fc.constant<Step>({
      name: "rename",
      run: ({ server }) => server.publish(server.room.rename(ben, `Room ${server.room.rev}`)),
    }),
  },
  { weight: 1, arbitrary: fc.constant<Step>({ name: "ask", run: asks }) },
  { weight: 2, arbitrary: fc.constant<Step>({ name: "send", run: writes }) },
  { weight: 1, arbitrary: index.map(reads) },
  {
    weight: 4,
    arbitrary: few.map((count): Step => ({ name: `process ${count}`, run: ({ server }) => server.process(count) })),
  },
  {
    weight: 4,
    arbitrary: few.map((count): Step => ({ name: `deliver ${count}`, run: ({ server }) => server.deliver(count) })),
  },
  { weight: 1, arbitrary: fc.constant<Step>({ name: "cut", run: ({ server }) => server.cut() }) },
  { weight: 1, arbitrary: fc.constant<Step>({ name: "lose", run: ({ server }) => server.lose() }) },
  {
    weight: 2,
    arbitrary: fc
      .nat({ max: 3_000 })
      .map((ms): Step => ({ name: `wait ${ms}`, run: ({ clock }) => clock.advance(ms) })),
  },
  { weight: 1, arbitrary: index.map(looks) },
);

function somebodyWrites(who: number): Step {
  return {
    name: `write ${who}`,
    run: ({ server }) => server.publish(server.room.send(others[who] ?? ben, "hello").events),
  };
}

function somebodyComesOrGoes(who: number): Step {
  const user = others[who] ?? ben;
  const run = ({ server: { room }, server }: World) =>
    server.publish(room.members.has(user.id) ? room.leave(user) : room.join(user));
  return { name: `come or go ${who}`, run };
}

function writes({ client, sent, acked }: World): void {
  const content = `mine ${sent.length}`;
  sent.push(content);
  void client.send(roomId, content).acked.then(() => acked.push(content));
}

function reads(at: number): Step {
  const run = ({ client }: World) => {
    const messages = client.store.getSnapshot().timelines[roomId]?.messages ?? [];
    const message = messages[at % Math.max(1, messages.length)];
    if (message) client.markRead(roomId, message);
  };
  return { name: `read ${at}`, run };
}

/** Asks for the members; the network may break before they come, then somebody asks again. */
function asks({ client }: World): void {
  client.members.open(roomId).catch((error: unknown) => expect(error).toBeInstanceOf(ConnectionError));
}

/** Moves about in the history; each load's answer comes when the network brings it. */
function looks(at: number): Step {
  const run = ({ client, server }: World) => {
    const { timelines } = client;
    const message = server.room.messages[at % Math.max(1, server.room.messages.length)];
    if (at % 4 === 0) void timelines.loadOlder(roomId);
    else if (at % 4 === 1) void timelines.loadNewer(roomId);
    else if (at % 4 === 2) void timelines.jumpToLatest(roomId);
    else if (message) void timelines.loadAround(roomId, message.id);
  };
  return { name: `look ${at}`, run };
}

function windowIsWhole({ timelines }: State): void {
  const messages = timelines[roomId]?.messages ?? [];
  messages.forEach((message, place) => expect(message.seq).toBe((messages[0]?.seq ?? 0) + place));
}

function showsTheRoom(world: World): void {
  const { client, sent } = world;
  const { room } = world.server;
  const state = client.store.getSnapshot();
  const held = state.rooms[roomId];
  expect(held).toMatchObject({ ...room.room(), read_seq: room.readSeq(ann), last_message: room.messages.at(-1) });
  expect(held?.unread_count).toBe(room.unread(ann));
  const timeline = state.timelines[roomId];
  expect(timeline?.live).toBe(true);
  expect(timeline?.ahead).toEqual([]);
  expect(timeline?.messages).toEqual(room.messages.slice((timeline?.messages[0]?.seq ?? 1) - 1));
  expect(Object.keys(state.members[roomId]?.byId ?? {}).sort()).toEqual([...room.members.keys()].sort());
  expect(state.progress[roomId]?.behind).toBe(false);
  expect(state.pending[roomId] ?? []).toEqual([]);
  const mine = room.messages.filter(({ temp_id }) => temp_id !== null).map(({ content }) => content);
  expect(mine).toEqual(sent);
  expect(world.acked).toEqual(sent);
}

async function begin(history: number): Promise<World> {
  const world = { ...newWorld(), sent: [], acked: [], heard: [] as number[] };
  for (let count = 0; count < history; count++) world.server.room.send(ben, "before");
  await enter(world);
  world.client.onMessage(({ seq }) => world.heard.push(seq));
  void world.client.timelines.open(roomId);
  await calm(world);
  return world;
}

test("whatever is lost, cut, late or looked at, the client ends with what the room has", async () => {
  await fc.assert(
    fc.asyncProperty(fc.nat({ max: 130 }), fc.array(step, { maxLength: 80, size: "max" }), async (history, steps) => {
      const world = await begin(history);
      const unsubscribe = world.client.store.subscribe(() => windowIsWhole(world.client.store.getSnapshot()));
      for (const { run } of steps) {
        await run(world);
        await settle();
      }
      await calm(world);
      // A loss shows with the next change; without one nobody can know.
      world.server.publish(world.server.room.send(ben, "the last").events);
      await calm(world);
      void world.client.timelines.jumpToLatest(roomId);
      asks(world);
      await calm(world);
      unsubscribe();
      showsTheRoom(world);
      // And a program that only listens has heard everything once, in order.
      expect(world.heard).toEqual(world.server.room.messages.slice(history).map(({ seq }) => seq));
      world.client.close();
      expect(world.clock.timers).toBeLessThanOrEqual(1);
    }),
    {
      numRuns: Number(process.env["FC_RUNS"] ?? 200),
      // A failure prints both; given back, they play it again.
      ...(process.env["FC_SEED"] && { seed: Number(process.env["FC_SEED"]) }),
      ...(process.env["FC_PATH"] && { path: process.env["FC_PATH"] }),
    },
  );
}, 60_000);
