import { existsSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import type { Bench, Table } from "./cell.ts";
import type { RequestsResult, RouteSpec } from "./load/requests.ts";
import type { LoadResult } from "./load/spec.ts";
import { generate } from "./load.ts";
import { root, run, start } from "./processes.ts";
import type { SeededPlan, SeededWorld } from "./seeded-plan.ts";
import { type Ground, makeWorld, serve } from "./server.ts";

/** People in rooms of their own who write while others read. */
const writers = { people: 100, roomSize: 2, roomsEach: 1 };
const writesPerSecond = 2_000;
const warmUpS = 3;

/** Adds `parley seed`'s world to a database and gives places in it. */
export async function addSeeded(bench: Bench, { dataDir, env }: Ground, plan: SeededPlan): Promise<SeededWorld> {
  const file = join(dataDir, "seeded.json");
  const seeding = start([process.execPath, join(root, "bench/seeded.ts"), JSON.stringify(plan), file], { env });
  await seeding.line((text) => {
    if (!text.startsWith('{"')) return undefined;
    const { progress, done } = progressLine.parse(JSON.parse(text));
    if (progress !== undefined) bench.say(`${plan.messages} messages, ${progress}`);
    return done;
  });
  return z.custom<SeededWorld>((value) => typeof value === "object").parse(await Bun.file(file).json());
}

const progressLine = z.object({ progress: z.string().optional(), done: z.boolean().optional() });

export interface Beside {
  requests: RequestsResult;
  /** What the sockets did meanwhile. */
  talk: LoadResult;
  faults: string[];
}

/** Serves a world and asks for pages and the like, while 2,000 messages a second are written over sockets. */
export async function askBesideWriters(
  bench: Bench,
  at: Ground,
  work: {
    routes(url: string): Promise<RouteSpec[]>;
    perSecond: number;
    seconds: number;
    seats: string;
    pids?: number[];
  },
): Promise<Beside> {
  const server = await serve(at);
  const { seats, perSecond, seconds } = work;
  try {
    const routes = await work.routes(server.url);
    const pids = [...server.pids(), ...(work.pids ?? [])];
    const talking = generate({
      wire: "parley",
      url: server.url,
      seats,
      clients: writers.people,
      roomSize: writers.roomSize,
      sendersPerRoom: writers.roomSize,
      contentBytes: 64,
      tempIds: "ordered",
      load: { kind: "schedule", perSecond: writesPerSecond },
      warmUpS,
      seconds,
      pids,
    });
    await talking.said(`${writers.people} clients are ready`);
    bench.say(`${perSecond} requests/s`);
    const asking = generate({ kind: "requests", url: server.url, seats, routes, perSecond, warmUpS, seconds, pids });
    const [requests, talk] = await Promise.all([asking.result(), talking.result()]);
    return { requests, talk, faults: [...requests.faults, ...talk.faults] };
  } finally {
    await server.kill();
  }
}

/** The seats of the writers, in an empty database. */
export const addWriters = (at: Ground) => makeWorld(writers, at);

export interface Pages {
  /** With the database in the page cache. */
  warm: Beside;
  /** Just after it was dropped from there; only for an embedded database, and only when asked for. */
  cold?: Beside;
}

/** Pages of 50 from all over a history of so many messages. */
export async function measurePages(
  bench: Bench,
  at: Ground,
  messages: number,
  { pids = [], alsoCold = false }: { pids?: number[]; alsoCold?: boolean } = {},
): Promise<Pages> {
  const { seats } = await addWriters(at);
  bench.say(`${messages} messages are seeded`);
  const { places } = await addSeeded(bench, at, { users: 200, rooms: 30, messages, places: 2_000 });
  const ask = () =>
    askBesideWriters(bench, at, {
      routes: async () => pageRoutes(places),
      perSecond: 200,
      seconds: bench.seconds(30),
      seats,
      pids,
    });
  const file = join(at.dataDir, "parley.db");
  if (existsSync(file)) await run(["dd", `if=${file}`, "of=/dev/null", "bs=1M"]);
  const warm = await ask();
  if (!alsoCold) return { warm };
  bench.say("the page cache is dropped");
  // With a count of nothing, `nocache` tells the kernel that it may forget the whole file.
  await run(["dd", `if=${file}`, "iflag=nocache", "count=0"]);
  return { warm, cold: await ask() };
}

/** A quarter each: the newest page, one before some message, the oldest, one around some message. */
export function pageRoutes(places: SeededWorld["places"]): RouteSpec[] {
  const route = (name: string, query: (place: SeededWorld["places"][number]) => string): RouteSpec => ({
    name,
    share: 0.25,
    requests: places.map((place) => ({
      method: "GET",
      path: `/api/v1/rooms/${place.room}/messages?limit=50${query(place)}`,
      token: place.token,
    })),
  });
  return [
    route("newest", () => ""),
    route("middle", ({ middle }) => `&before=${middle}`),
    route("oldest", ({ first }) => `&after=${first}`),
    route("around", ({ middle }) => `&around=${middle}`),
  ];
}

/** One row a kind of page, or a route. */
export function tableOfRoutes(title: string, first: string, rows: { name: string; beside: Beside }[]): Table {
  return {
    title,
    columns: [
      { name: first },
      { name: "route" },
      { name: "requests" },
      { name: "p50", unit: "ms" },
      { name: "p95", unit: "ms" },
      { name: "p99", unit: "ms" },
      { name: "max", unit: "ms" },
      { name: "ack p99 meanwhile", unit: "ms" },
      { name: "its cores" },
    ],
    rows: rows.flatMap(({ name, beside: { requests, talk } }) =>
      requests.routes.map((route) => [
        name,
        route.name,
        route.count,
        ...[route.p50, route.p95, route.p99, route.max, talk.ack.p99, requests.peerCores].map((value) =>
          Number(value.toFixed(2)),
        ),
      ]),
    ),
  };
}
