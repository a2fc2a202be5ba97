import { type Bench, type Cell, median, spread, type Table } from "../cell.ts";
import type { LoadResult, LoadSpec } from "../load/spec.ts";
import { load } from "../load.ts";
import { ground, makeWorld, serve, type World } from "../server.ts";
import { limitOf, mediansOf, rounded } from "../table.ts";

const plan = { people: 400, roomSize: 2, roomsEach: 1 };
const kinds = ["ordered", "random"] as const;
type Kind = (typeof kinds)[number];

export const tempIds: Cell = {
  name: "temp-ids",
  title: "Random against ordered temp_ids, rooms of 2",
  about:
    "The ingest of rooms of 2, once with UUIDv7 as temp_id, as the SDK makes them, once with random ones; on an empty table and on one that has been filled in the same way, which each round lets grow. An ack means fsynced.",
  async run(bench) {
    const rounds = bench.isQuick ? 1 : 3;
    const measured: { kind: Kind; stands: string; results: LoadResult[] }[] = [];
    for (const stands of ["empty", "filled"] as const) {
      const worlds = new Map<Kind, World>();
      const results = new Map<Kind, LoadResult[]>(kinds.map((kind) => [kind, []]));
      let filled = 0;
      if (stands === "filled") {
        for (const kind of kinds) {
          const rate = ratesOf(measured.find((one) => one.kind === kind)?.results ?? []);
          const one = await fill(bench, kind, median(rate));
          worlds.set(kind, one.world);
          filled = Math.max(filled, one.messages);
        }
      }
      for (let round = 1; round <= rounds; round++) {
        for (const kind of kinds) {
          bench.say(`${kind}, ${stands} table, round ${round} of ${rounds}`);
          const world = worlds.get(kind) ?? (await makeWorld(plan, ground()));
          results.get(kind)?.push(await talk(world, kind, bench.seconds(2), bench.seconds(6)));
        }
      }
      const words = stands === "empty" ? "empty" : `${(filled / 1e6).toFixed(1)} million messages`;
      for (const kind of kinds) measured.push({ kind, stands: words, results: results.get(kind) ?? [] });
    }
    return {
      tables: [table(measured)],
      faults: measured.flatMap(({ results }) => results.flatMap(({ faults }) => faults)),
    };
  },
};

const ratesOf = (results: readonly LoadResult[]) => results.map(({ acked, seconds }) => acked / seconds);

/** A world whose table has been filled through the sockets. */
async function fill(bench: Bench, kind: Kind, perSecond: number): Promise<{ world: World; messages: number }> {
  const world = await makeWorld(plan, ground());
  const wanted = bench.isQuick ? 20_000 : 2_000_000;
  bench.say(`filling a table with ${wanted.toLocaleString("en")} messages, temp_ids ${kind}`);
  const { acked, faults } = await talk(world, kind, 0, Math.min(90, wanted / perSecond));
  if (faults.length > 0) throw new Error(faults.join("; "));
  return { world, messages: acked };
}

async function talk(world: World, tempIds: Kind, warmUpS: number, seconds: number): Promise<LoadResult> {
  const server = await serve(world);
  const work: LoadSpec = {
    wire: "parley",
    url: server.url,
    seats: world.seats,
    pids: server.pids(),
    clients: plan.people,
    roomSize: plan.roomSize,
    sendersPerRoom: plan.roomSize,
    contentBytes: 64,
    tempIds,
    load: { kind: "window", perSender: 10 },
    warmUpS,
    seconds,
  };
  try {
    return await load(work);
  } finally {
    await server.kill();
  }
}

function table(measured: readonly { kind: Kind; stands: string; results: LoadResult[] }[]): Table {
  return {
    title: "",
    columns: [
      { name: "temp_ids" },
      { name: "table" },
      { name: "acked", unit: "messages/s" },
      { name: "spread", unit: "%" },
      { name: "against ordered", unit: "×" },
      { name: "ack p50", unit: "ms" },
      { name: "ack p99", unit: "ms" },
      { name: "CPU a message", unit: "µs" },
      { name: "CPU a delivery", unit: "µs" },
      { name: "batch", unit: "messages" },
      { name: "its cores" },
      { name: "generator's cores" },
      { name: "limited by" },
    ],
    rows: measured.map(({ kind, stands, results }) => {
      const ordered = measured.find((one) => one.stands === stands && one.kind === "ordered")?.results ?? [];
      const rate = median(ratesOf(results));
      const figures = mediansOf(results);
      return [
        kind,
        stands,
        Math.round(rate),
        Math.round(spread(ratesOf(results)) * 100),
        rounded(rate / median(ratesOf(ordered))),
        figures.ackP50,
        figures.ackP99,
        figures.cpuPerMessage,
        figures.cpuPerDelivery,
        figures.batch,
        figures.peerCores,
        figures.loadCores,
        limitOf(results),
      ];
    }),
  };
}
