import { type Cell, median, spread } from "../cell.ts";
import { compare } from "../compare.ts";
import { load } from "../load.ts";
import type { LoadResult } from "../load/spec.ts";
import { lackOfNodes, onPostgres, onTwoNodes, startNodes } from "../nodes.ts";
import { mediansOf, rounded, tableOf } from "../table.ts";

const plan = { people: 400, roomSize: 2, roomsEach: 1 };
const perSecond = 2_000;

export const twoNodes: Cell = {
  name: "two-nodes",
  title: "Two nodes over Postgres and Redis",
  about:
    "The ingest of rooms of two once more: on one node over Postgres, and on two nodes over Postgres and Redis where the two of every room sit on different nodes, so that each message crosses the bridge. Nodes, Postgres (a commit is fsynced), Redis and the generator share the machine; CPU is that of all but the generator. Then 2,000 messages/s by a fixed schedule on the same two nodes, everybody on the first, and in turns on both: what a second node adds until the last receiver has a message.",
  async run(bench) {
    const lack = lackOfNodes();
    if (lack !== undefined) return { tables: [], notes: [`Two nodes were not measured: ${lack}`], faults: [] };
    const rounds = bench.isQuick ? 1 : 3;
    const work = {
      roomSize: plan.roomSize,
      sendersPerRoom: plan.roomSize,
      contentBytes: 64,
      tempIds: "ordered" as const,
      warmUpS: bench.seconds(3),
      seconds: bench.seconds(10),
    };
    const window = { kind: "window" as const, perSender: 10 };
    const { compared, notes, faults } = await compare(
      bench,
      [onPostgres, onTwoNodes],
      plan,
      { ...work, load: window },
      rounds,
    );
    const schedule = { ...work, load: { kind: "schedule" as const, perSecond } };
    const [together, apart]: [LoadResult[], LoadResult[]] = [[], []];
    for (let round = 1; round <= rounds; round++) {
      bench.say(`${perSecond} messages/s, round ${round} of ${rounds}`);
      const nodes = await startNodes(2, plan);
      try {
        const [url = "", ...others] = nodes.servers.map((server) => server.url);
        const spec = { ...schedule, wire: "parley" as const, url, seats: nodes.seats, clients: plan.people };
        together.push(await load({ ...spec, pids: nodes.pids() }));
        apart.push(await load({ ...spec, others, pids: nodes.pids() }));
      } finally {
        await nodes.stop();
      }
    }
    const both = compared.at(-1)?.ackedPerS ?? 0;
    const added = median(apart.map(({ last }, index) => last.p99 - (together[index]?.last.p99 ?? 0)));
    return {
      tables: [
        tableOf(compared, "Ingest, rooms of 2"),
        {
          title: `${perSecond.toLocaleString("en")} messages/s on two nodes`,
          columns: [
            { name: "the members of a room sit" },
            { name: "ack p50", unit: "ms" },
            { name: "ack p99", unit: "ms" },
            { name: "last receiver p50", unit: "ms" },
            { name: "last receiver p99", unit: "ms" },
            { name: "spread", unit: "%" },
            { name: "CPU a message", unit: "µs" },
          ],
          rows: [["on one node", together] as const, ["on different nodes", apart] as const].map(([where, results]) => {
            const figures = mediansOf(results);
            const moved = rounded(spread(results.map(({ last }) => last.p99)) * 100, 0);
            const { ackP50, ackP99, lastP50, lastP99, cpuPerMessage } = figures;
            return [where, ackP50, ackP99, lastP50, lastP99, moved, cpuPerMessage];
          }),
        },
      ],
      notes,
      targets: [
        {
          what: "durable ingest of two nodes together, with Postgres and Redis on the same machine",
          target: "at least 30,000 acked messages/s",
          reached: `${Math.round(both).toLocaleString("en")} messages/s`,
          isMet: both >= 30_000,
        },
        {
          what: "what a second node adds for the last receiver",
          target: "less than 10 ms at p99",
          reached: `${added.toFixed(1)} ms`,
          isMet: added < 10,
        },
      ],
      faults: [...faults, ...[...together, ...apart].flatMap((result) => result.faults)],
    };
  },
};
