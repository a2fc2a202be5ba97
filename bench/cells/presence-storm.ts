import { type Bench, type Cell, median } from "../cell.ts";
import { generate } from "../load.ts";
import { cpuSeconds, families } from "../load/proc.ts";
import type { SteadyResult } from "../load/steady.ts";
import type { WatchResult } from "../load/watch.ts";
import { lackOfNodes, startNodes } from "../nodes.ts";

const talkers = 100;
const roomSize = 10;
const talkersPerSecond = 200;
const watchers = 200;

export const presenceStorm: Cell = {
  name: "presence-storm",
  title: "Everybody comes and goes on one node, and is watched on the other",
  about:
    "Two nodes over Postgres and Redis. On the second, 200 people watch 500 of the crowd each, and 100 others talk in rooms of 10, 200 messages/s. The crowd connects to the first node all at once; when every watcher has heard of everybody, that node is killed with SIGKILL, and nobody comes back: all of them have to be offline for every watcher within 15 s.",
  async run(bench) {
    const lack = lackOfNodes();
    if (lack !== undefined) return { tables: [], notes: [`A presence storm was not measured: ${lack}`], faults: [] };
    const crowd = bench.isQuick ? 500 : 5_000;
    const each = Math.min(crowd, 500);
    const rounds = bench.isQuick ? 1 : 3;
    const storms: Storm[] = [];
    for (let round = 1; round <= rounds; round++) {
      bench.say(`${crowd} people, round ${round} of ${rounds}`);
      storms.push(await once(bench, crowd, each));
    }
    const of = (figure: (storm: Storm) => number, digits = 2) => Number(median(storms.map(figure)).toFixed(digits));
    const offline = of(({ watched, killedAt }) => (watched.allOfflineAt - killedAt) / 1_000);
    const worst = Math.max(...storms.map(({ watched, killedAt }) => (watched.allOfflineAt - killedAt) / 1_000));
    return {
      tables: [
        {
          title: "",
          columns: [
            { name: "people" },
            { name: "told changes" },
            { name: "all connected", unit: "s" },
            { name: "then all watchers know", unit: "s" },
            { name: "all offline, from the kill", unit: "s" },
            { name: "the watchers' node meanwhile", unit: "CPU s" },
            { name: "talkers' ack p99", unit: "ms" },
            { name: "talkers' last receiver p99", unit: "ms" },
          ],
          rows: [
            [
              crowd,
              of(({ watched }) => watched.told, 0),
              of(({ startedAt, connectedAt }) => (connectedAt - startedAt) / 1_000),
              of(({ watched, connectedAt }) => Math.max(0, watched.allOnlineAt - connectedAt) / 1_000),
              offline,
              of(({ cpuS }) => cpuS),
              of((storm) => p99(meanwhile(storm).map(({ ack }) => ack)), 1),
              of((storm) => p99(meanwhile(storm).map(({ last }) => last)), 1),
            ],
          ],
        },
      ],
      targets: [
        {
          what: `a node with ${crowd} people dies`,
          target: "offline for every watcher on the other within 15 s",
          reached: `${offline.toFixed(1)} s, ${worst.toFixed(1)} s at worst`,
          isMet: worst <= 15,
        },
      ],
      faults: storms.flatMap(({ watched, talked }) => [...watched.faults, ...talked.faults]),
    };
  },
};

interface Storm {
  /** Milliseconds since 1970: the first connected, the last was ready, the node was killed. */
  startedAt: number;
  connectedAt: number;
  killedAt: number;
  /** Of the node that stays, from the first connection on. */
  cpuS: number;
  watched: WatchResult;
  talked: SteadyResult;
}

const p99 = (values: number[]) => values.toSorted((a, b) => a - b)[Math.floor(values.length * 0.99)] ?? 0;

/** The messages that were due while the crowd came or went. */
function meanwhile({ startedAt, watched, killedAt, talked }: Storm): SteadyResult["messages"] {
  return talked.messages.filter(
    ({ at }) => (at >= startedAt && at <= watched.allOnlineAt) || (at >= killedAt && at <= watched.allOfflineAt),
  );
}

async function once(bench: Bench, crowd: number, each: number): Promise<Storm> {
  const nodes = await startNodes(2, { people: talkers + watchers + crowd, roomSize, roomsEach: 1 });
  const [dying, staying] = nodes.servers;
  if (!dying || !staying) throw new Error("there are no two nodes");
  const common = { wire: "parley" as const, seats: nodes.seats };
  const there = { ...common, url: staying.url };
  const first = talkers + watchers;
  const talking = generate({ ...there, kind: "steady", clients: talkers, roomSize, perSecond: talkersPerSecond });
  const watching = generate({
    ...there,
    kind: "watch",
    from: talkers,
    watchers,
    watchedFrom: first,
    watched: crowd,
    each,
  });
  try {
    await Promise.all([talking.said("ready"), watching.said("ready")]);
    await Bun.sleep(bench.seconds(3) * 1_000);
    const stayingPids = families([staying.pid]);
    const [startedAt, cpuBefore] = [Date.now(), cpuSeconds(stayingPids)];
    const coming = generate({ ...common, url: dying.url, kind: "hold", from: first, clients: crowd });
    try {
      await coming.said("ready");
      const connectedAt = Date.now();
      await watching.said("all online");
      const killedAt = Date.now();
      await dying.kill("SIGKILL");
      const watched = await watching.result();
      const cpuS = cpuSeconds(stayingPids) - cpuBefore;
      await talking.kill("SIGTERM");
      return { startedAt, connectedAt, killedAt, cpuS, watched, talked: await talking.result() };
    } finally {
      await coming.kill();
    }
  } finally {
    await Promise.all([talking.kill(), watching.kill()]);
    await nodes.stop();
  }
}
