import type { Cell } from "../cell.ts";
import { compare } from "../compare.ts";
import { measurePages, tableOfRoutes } from "../pages.ts";
import { onPostgres } from "../nodes.ts";
import { parley } from "../peer.ts";
import { lackOfPostgres, startPostgres } from "../postgres.ts";
import { ground } from "../server.ts";
import { tableOf } from "../table.ts";

const plan = { people: 400, roomSize: 2, roomsEach: 1 };

export const postgres: Cell = {
  name: "postgres",
  title: "Ingest and history on Postgres",
  about:
    "The same ingest in rooms of 2 and the same pages of history as above, on a Postgres beside the server on the same machine, with its defaults: a commit is fsynced. CPU is that of Parley and Postgres together.",
  async run(bench) {
    const lack = lackOfPostgres();
    if (lack !== undefined) return { tables: [], notes: [`Postgres was not measured: ${lack}`], faults: [] };
    const work = {
      roomSize: plan.roomSize,
      sendersPerRoom: plan.roomSize,
      contentBytes: 64,
      tempIds: "ordered" as const,
      load: { kind: "window" as const, perSender: 10 },
      warmUpS: bench.seconds(3),
      seconds: bench.seconds(10),
    };
    const { compared, notes, faults } = await compare(bench, [parley, onPostgres], plan, work, bench.isQuick ? 1 : 3);
    const database = await startPostgres();
    try {
      const messages = bench.isQuick ? 20_000 : 1_000_000;
      const { warm: beside } = await measurePages(bench, ground(database.url), messages, { pids: [database.pid] });
      return {
        tables: [
          tableOf(compared, "Ingest, rooms of 2"),
          tableOfRoutes("Pages of history, with writers running", "messages", [
            { name: messages.toLocaleString("en"), beside },
          ]),
        ],
        notes,
        faults: [...faults, ...beside.faults],
      };
    } finally {
      await database.kill();
    }
  },
};
