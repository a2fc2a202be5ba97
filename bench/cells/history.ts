import type { Cell } from "../cell.ts";
import { measurePages, type Pages, tableOfRoutes } from "../pages.ts";
import { ground } from "../server.ts";

export const history: Cell = {
  name: "history",
  title: "Pages of history, with writers running",
  about:
    "Pages of 50 messages over HTTP, 200 a second by a fixed schedule, from random rooms and places of a seeded world; the newest page, one before a random message, the oldest, one around a random message. Meanwhile 2,000 messages/s are written over sockets. Times are from the intended moment of a request to the end of its answer.",
  async run(bench) {
    const sizes = bench.isQuick ? [10_000, 50_000] : [10_000, 1_000_000, 10_000_000];
    const measured: Pages[] = [];
    for (const messages of sizes) measured.push(await measurePages(bench, ground(), messages));
    const largest = measured.at(-1);
    const p99 = Math.max(...(largest?.requests.routes ?? []).map((route) => route.p99));
    const rows = measured.map((beside) => ({ name: beside.messages.toLocaleString("en"), beside }));
    return {
      tables: [tableOfRoutes("", "messages", rows)],
      notes: [
        "The database was seeded just before, so its file lies in the kernel's page cache. The rows of a page from the middle lie among those of the other rooms: from a cold disk it costs some fifty reads more.",
      ],
      targets: [
        {
          what: `history page at ${largest?.messages.toLocaleString("en")} messages with writers`,
          target: "p99 below 5 ms",
          reached: `${p99.toFixed(1)} ms for the slowest kind`,
          isMet: p99 < 5,
        },
      ],
      faults: measured.flatMap(({ faults }) => faults),
    };
  },
};
