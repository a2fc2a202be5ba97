import { type Bench, type Cell, median } from "../cell.ts";
import type { Chart } from "../chart.ts";
import { pssBytes, slabBytes } from "../load/proc.ts";
import { generate, type Generating } from "../load.ts";
import { goHub } from "../peer-go.ts";
import { parley, type Peer, relay } from "../peer.ts";

const mega = 1024 * 1024;
const roomSize = 50;
/** Beside Parley the least and the most that a server without a database is known to take. */
const peers = [parley, relay, goHub];
/** The memory counts when it has moved by less than this share over so many looks, a second apart. */
const calm = { within: 0.01, looks: 5 };

export const idleMemory: Cell = {
  name: "idle-memory",
  title: "Memory of sockets that say nothing",
  about:
    "Signed-in sockets, each in the lobby and five rooms of 50, that only keep alive; the proportional set size of the server's processes once it has settled (after at most 30 s). The kernel's slab is the machine's, so it holds both ends of every connection.",
  async run(bench) {
    const sizes = bench.isQuick ? [0, 200, 500] : [0, 1_000, 5_000, 10_000];
    const plan = { people: Math.max(...sizes), roomSize, roomsEach: 5 };
    const able = peers.filter((peer) => peer.lack() === undefined);
    const measured = [];
    for (const peer of able) measured.push({ peer, points: await grow(bench, peer, plan, sizes) });
    const chart: Chart = {
      title: "Memory against idle sockets",
      xTitle: "sockets",
      yTitle: "MB (PSS)",
      yScale: "linear",
      series: measured.map(({ peer, points }) => ({
        name: peer.name,
        points: points.map(({ sockets, pss }): [number, number] => [sockets, pss / mega]),
      })),
    };
    const own = measured.find(({ peer }) => peer.name === "Parley")?.points ?? [];
    const most = own.at(-1);
    const perSocket = perSocketOf(own);
    return {
      tables: [
        {
          title: "",
          columns: [
            { name: "server" },
            ...sizes.map((size) => ({ name: `${size} sockets`, unit: "MB" })),
            { name: "a socket", unit: "bytes" },
            { name: "kernel, a socket (both ends)", unit: "bytes" },
          ],
          rows: measured.map(({ peer, points }) => [
            peer.name,
            ...points.map(({ pss }) => Number((pss / mega).toFixed(1))),
            Math.round(perSocketOf(points)),
            Math.round(kernelPerSocketOf(points)),
          ]),
        },
      ],
      charts: [{ file: "idle-memory", chart }],
      notes: peers.flatMap((peer) => {
        const lack = peer.lack();
        return lack === undefined ? [] : `${peer.name} was not measured: ${lack}`;
      }),
      targets: most
        ? [
            {
              what: `${most.sockets} signed-in sockets, lobby and five rooms each`,
              target: "whole process at most 120 MB",
              reached: `${(most.pss / mega).toFixed(0)} MB`,
              isMet: most.pss <= 120 * mega,
            },
            {
              what: "memory of a socket",
              target: "at most 5 KB",
              reached: `${(perSocket / 1024).toFixed(1)} KB`,
              isMet: perSocket <= 5 * 1024,
            },
          ]
        : [],
      faults: [],
    };
  },
};

interface Point {
  sockets: number;
  pss: number;
  slab: number;
}

const perSocketOf = (points: readonly Point[]) => slope(points, ({ pss }) => pss);
const kernelPerSocketOf = (points: readonly Point[]) => slope(points, ({ slab }) => slab);

/** What the last socket count costs above none, each. */
function slope(points: readonly Point[], figure: (point: Point) => number): number {
  const [first, last] = [points[0], points.at(-1)];
  return first && last && last.sockets > 0 ? (figure(last) - figure(first)) / last.sockets : 0;
}

async function grow(
  bench: Bench,
  peer: Peer,
  plan: Parameters<Peer["start"]>[0],
  sizes: readonly number[],
): Promise<Point[]> {
  const { url, seats, pids, stop } = await peer.start(plan);
  const holding: Generating<never>[] = [];
  const points: Point[] = [];
  let from = 0;
  try {
    for (const sockets of sizes) {
      if (sockets > from) {
        const more = generate({ kind: "hold", wire: peer.wire, url, seats, from, clients: sockets - from });
        holding.push(more);
        await more.said("ready");
        from = sockets;
      }
      bench.say(`${peer.name}, ${sockets} sockets`);
      const pss = await settled(bench, () => pssBytes(pids));
      points.push({ sockets, pss, slab: slabBytes() });
    }
  } finally {
    for (const one of holding) await one.kill();
    await stop();
  }
  return points;
}

/** The median of the last looks, once they agree. */
async function settled(bench: Bench, look: () => number): Promise<number> {
  const seen: number[] = [];
  const looksMax = bench.isQuick ? calm.looks : 30;
  while (seen.length < looksMax) {
    await Bun.sleep(bench.isQuick ? 100 : 1_000);
    seen.push(look());
    const last = seen.slice(-calm.looks);
    const middle = median(last);
    if (seen.length >= 2 * calm.looks && Math.max(...last) - Math.min(...last) < calm.within * middle) break;
  }
  return median(seen.slice(-calm.looks));
}
