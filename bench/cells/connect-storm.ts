import { type Bench, type Cell, median, spread } from "../cell.ts";
import { generate } from "../load.ts";
import type { SteadyResult } from "../load/steady.ts";
import type { StormResult } from "../load/storm.ts";
import { ground, makeWorld, serve, type World } from "../server.ts";

/** They are there before the storm, in rooms of their own, and go on talking. */
const others = 300;
const othersPerSecond = 200;
const roomSize = 50;

export const connectStorm: Cell = {
  name: "connect-storm",
  title: "Signed-in sockets that come all at once",
  about:
    "Everybody is in the lobby and five rooms of 50, and connects in the same moment (512 connections in the making at a time). `ready` is counted from the beginning of the storm; whom the kernel drops because the listening queue is full connects again at once. Meanwhile 300 others, there before, send 200 messages/s in rooms of 50; their times are those of the messages due during the storm.",
  async run(bench) {
    const sizes = bench.isQuick ? [200, 500] : [1_000, 5_000, 10_000];
    const rounds = bench.isQuick ? 1 : 3;
    const most = Math.max(...sizes);
    bench.say("making the world");
    const world = await makeWorld({ people: others + most, roomSize, roomsEach: 5 }, ground());
    const faults: string[] = [];
    const found: { size: number; storms: Storm[] }[] = [];
    for (const size of sizes) {
      const storms: Storm[] = [];
      for (let round = 1; round <= rounds; round++) {
        bench.say(`${size} sockets, round ${round} of ${rounds}`);
        const one = await once(bench, world, size);
        storms.push(one);
        faults.push(...one.faults);
      }
      found.push({ size, storms });
    }
    const rows = found.map(({ size, storms }) => {
      const of = (figure: (storm: Storm) => number) => median(storms.map(figure));
      return {
        size,
        allS: of((one) => one.storm.ready.max) / 1_000,
        spreadPercent: spread(storms.map(({ storm }) => storm.ready.max)) * 100,
        p50S: of((one) => one.storm.ready.p50) / 1_000,
        p99S: of((one) => one.storm.ready.p99) / 1_000,
        ack: of((one) => one.ackP99),
        last: of((one) => one.lastP99),
        lastMax: of((one) => one.lastMax),
        again: of((one) => one.storm.again),
        peerCores: of((one) => one.storm.peerCores),
        loadCores: of((one) => one.storm.loadCores),
      };
    });
    const largest = rows.at(-1);
    return {
      tables: [
        {
          title: "",
          columns: [
            { name: "sockets" },
            { name: "all ready", unit: "s" },
            { name: "spread", unit: "%" },
            { name: "ready p50", unit: "s" },
            { name: "ready p99", unit: "s" },
            { name: "others' ack p99", unit: "ms" },
            { name: "others' last receiver p99", unit: "ms" },
            { name: "others' last receiver max", unit: "ms" },
            { name: "connected again" },
            { name: "its cores" },
            { name: "generator's cores" },
          ],
          rows: rows.map(({ size, ...figures }) => [
            size,
            ...Object.values(figures).map((value) => Number(value.toFixed(2))),
          ]),
        },
      ],
      targets: largest
        ? [
            {
              what: `connect storm of ${largest.size}`,
              target: "all ready in less than 8 s",
              reached: `${largest.allS.toFixed(1)} s`,
              isMet: largest.allS < 8,
            },
            {
              what: "the others meanwhile",
              target: "p99 of ack and last receiver below 100 ms",
              reached: `${largest.ack.toFixed(0)} and ${largest.last.toFixed(0)} ms`,
              isMet: largest.last < 100 && largest.ack < 100,
            },
          ]
        : [],
      faults,
    };
  },
};

interface Storm {
  storm: StormResult;
  ackP99: number;
  lastP99: number;
  lastMax: number;
  faults: string[];
}

async function once(bench: Bench, world: World, clients: number): Promise<Storm> {
  const server = await serve(world);
  const common = { wire: "parley" as const, url: server.url, seats: world.seats };
  const quiet = generate({ ...common, kind: "steady", clients: others, roomSize, perSecond: othersPerSecond });
  try {
    await quiet.said("ready");
    await Bun.sleep(bench.seconds(3) * 1_000);
    const storming = generate({ ...common, kind: "storm", from: others, clients, pids: server.pids() });
    const storm = await storming.result();
    await quiet.kill("SIGTERM");
    return { storm, ...duringStorm(await quiet.result(), storm) };
  } finally {
    await quiet.kill();
    await server.kill();
  }
}

/** The times of those messages that were due while the storm lasted. */
function duringStorm({ messages, faults }: SteadyResult, { startedAt, endedAt }: StormResult): Omit<Storm, "storm"> {
  const meanwhile = messages.filter(({ at }) => at >= startedAt && at <= endedAt);
  const p99 = (values: number[]) => values.toSorted((a, b) => a - b)[Math.floor(values.length * 0.99)] ?? 0;
  const lasts = meanwhile.map(({ last }) => last);
  return { ackP99: p99(meanwhile.map(({ ack }) => ack)), lastP99: p99(lasts), lastMax: Math.max(0, ...lasts), faults };
}
