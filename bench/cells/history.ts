import type { Cell } from "../cell.ts";
import { type Beside, measurePages, tableOfRoutes } from "../pages.ts";
import { ground } from "../server.ts";

export const history: Cell = {
  name: "history",
  title: "Pages of history, with writers running",
  about:
    "Pages of 50 messages over HTTP, 200 a second by a fixed schedule, from random rooms and places of a seeded world; the newest page, one before a random message, the oldest, one around a random message. Meanwhile 2,000 messages/s are written over sockets. Times are from the intended moment of a request to the end of its answer.",
  async run(bench) {
    const sizes = bench.isQuick ? [10_000, 50_000] : [10_000, 1_000_000, 10_000_000];
    const largest = Math.max(...sizes);
    const faults: string[] = [];
    const rows: { name: string; beside: Beside }[] = [];
    let p99 = 0;
    for (const messages of sizes) {
      const { warm, cold } = await measurePages(bench, ground(), messages, { alsoCold: messages === largest });
      const name = messages.toLocaleString("en");
      rows.push({ name, beside: warm });
      if (cold) rows.push({ name: `${name}, from disk`, beside: cold });
      faults.push(...warm.faults, ...(cold?.faults ?? []));
      p99 = Math.max(...warm.requests.routes.map((route) => route.p99));
    }
    return {
      tables: [tableOfRoutes("", "messages", rows)],
      notes: [
        "The database's file lies in the kernel's page cache, but where the table says from disk: there it was just dropped from it. The rows of a page from the middle lie among those of all rooms, so that such a page is some fifty reads.",
      ],
      targets: [
        {
          what: `history page at ${largest.toLocaleString("en")} messages with writers`,
          target: "p99 below 5 ms",
          reached: `${p99.toFixed(1)} ms for the slowest kind`,
          isMet: p99 < 5,
        },
      ],
      faults,
    };
  },
};
