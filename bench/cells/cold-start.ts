import { statSync } from "node:fs";
import { type Cell, median } from "../cell.ts";
import { pssBytes, rssBytes } from "../load/proc.ts";
import { binary, ground, serve } from "../server.ts";

const mega = 1024 * 1024;
/** After so long an idle server's memory is taken. */
const idleS = 5;

export const coldStart: Cell = {
  name: "cold-start",
  title: "Start of the binary, and its memory when nobody is there",
  about:
    "From the spawn of the process to its ready line, in an empty folder (the database is made and migrated, secrets too) and on what the first start made; the binary lies in the page cache.",
  async run(bench) {
    const starts = bench.isQuick ? 3 : 20;
    const file = await binary();
    const first: number[] = [];
    const second: number[] = [];
    for (let index = 1; index <= starts; index++) {
      if (index % 5 === 1) bench.say(`start ${index} of ${starts}`);
      const empty = ground();
      first.push(await timeToReady(empty));
      second.push(await timeToReady(empty));
    }
    bench.say(`idle for ${idleS} s`);
    const server = await serve(ground());
    await Bun.sleep(bench.seconds(idleS) * 1_000);
    const [pss, rss] = [pssBytes(server.pids()), rssBytes(server.pids())];
    await server.kill();
    const worst = Math.max(median(first), median(second));
    const rounded = (value: number) => Number(value.toFixed(1));
    return {
      tables: [
        {
          title: "",
          columns: [
            { name: "first start", unit: "ms" },
            { name: "first start, slowest", unit: "ms" },
            { name: "later start", unit: "ms" },
            { name: "later start, slowest", unit: "ms" },
            { name: "idle (RSS)", unit: "MB" },
            { name: "idle (PSS)", unit: "MB" },
            { name: "the file", unit: "MB" },
          ],
          rows: [
            [
              median(first),
              Math.max(...first),
              median(second),
              Math.max(...second),
              rss / mega,
              pss / mega,
              statSync(file).size / mega,
            ].map(rounded),
          ],
        },
      ],
      notes: ["Most of the resident memory is the binary itself, which the kernel can drop and read again."],
      targets: [
        {
          what: "start of the binary",
          target: "ready in less than 150 ms",
          reached: `${worst.toFixed(0)} ms`,
          isMet: worst < 150,
        },
        {
          what: "the idle binary",
          target: "at most 80 MB",
          reached: `${(pss / mega).toFixed(0)} MB (PSS), ${(rss / mega).toFixed(0)} MB (RSS)`,
          isMet: pss <= 80 * mega,
        },
      ],
      faults: [],
    };
  },
};

async function timeToReady(at: Parameters<typeof serve>[0]): Promise<number> {
  const spawnedMs = performance.now();
  const server = await serve(at);
  const ms = performance.now() - spawnedMs;
  await server.kill("SIGTERM");
  return ms;
}
