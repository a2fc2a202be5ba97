import { type Bench, type Cell, median, spread } from "../cell.ts";
import { generate } from "../load.ts";
import type { ReconnectResult } from "../load/reconnect.ts";
import { lackOfNodes, startNodes } from "../nodes.ts";

export const failover: Cell = {
  name: "failover",
  title: "A node dies, and its clients go on at the other",
  about:
    "Two nodes over Postgres and Redis. Clients of the first, in the lobby and five rooms of 50, talk, 500 messages/s; one in ten loses its line while the others go on. Then that node is killed with SIGKILL, and all of them connect to the other at once, without back-off, send `sync` with the revs of their rooms, and again what was not acknowledged. Every client's rooms are compared by place and message: what was acknowledged must be there, nothing twice, nothing elsewhere.",
  async run(bench) {
    const lack = lackOfNodes();
    if (lack !== undefined) return { tables: [], notes: [`A failover was not measured: ${lack}`], faults: [] };
    const clients = bench.isQuick ? 500 : 5_000;
    const rounds = bench.isQuick ? 1 : 3;
    const deaths: Death[] = [];
    for (let round = 1; round <= rounds; round++) {
      bench.say(`${clients} clients, round ${round} of ${rounds}`);
      deaths.push(await once(bench, clients));
    }
    const seconds = (figure: (death: Death) => number) => Number((median(deaths.map(figure)) / 1_000).toFixed(2));
    const count = (figure: (result: ReconnectResult) => number) =>
      Math.round(median(deaths.map(({ result }) => figure(result))));
    const fromKill = ({ result, killedAt }: Death) => result.caughtUpAt - killedAt;
    return {
      tables: [
        {
          title: "",
          columns: [
            { name: "clients" },
            { name: "all ready, from the kill", unit: "s" },
            { name: "caught up p50, from the kill", unit: "s" },
            { name: "all caught up, from the kill", unit: "s" },
            { name: "spread", unit: "%" },
            { name: "acked before" },
            { name: "sent again" },
            { name: "got by sync" },
            { name: "connected again" },
          ],
          rows: [
            [
              clients,
              seconds(({ result, killedAt }) => result.readyAt - killedAt),
              seconds(({ result, killedAt }) => result.listeningAt + result.caughtUp.p50 - killedAt),
              seconds(fromKill),
              Number((spread(deaths.map(fromKill)) * 100).toFixed(0)),
              count(({ ackedBefore }) => ackedBefore),
              count(({ sentAgain }) => sentAgain),
              count(({ synced }) => synced),
              count(({ again }) => again),
            ],
          ],
        },
      ],
      targets: [
        {
          what: `a node of ${clients} clients dies`,
          target: "all caught up on the other in less than 10 s, nothing missing",
          reached: `${seconds(fromKill).toFixed(1)} s`,
          isMet: seconds(fromKill) < 10,
        },
      ],
      faults: deaths.flatMap(({ result }) => result.faults),
    };
  },
};

interface Death {
  /** Milliseconds since 1970. */
  killedAt: number;
  result: ReconnectResult;
}

async function once(bench: Bench, clients: number): Promise<Death> {
  const nodes = await startNodes(2, { people: clients, roomSize: 50, roomsEach: 5 });
  const [dying, staying] = nodes.servers;
  if (!dying || !staying) throw new Error("there are no two nodes");
  const crowd = generate({
    kind: "reconnect",
    wire: "parley",
    url: dying.url,
    backUrl: staying.url,
    seats: nodes.seats,
    clients,
    perSecond: 500,
    awayOneIn: 10,
  });
  try {
    await crowd.said("talking");
    await Bun.sleep(Math.max(2, bench.seconds(5)) * 1_000);
    const killedAt = Date.now();
    await dying.kill("SIGKILL");
    return { killedAt, result: await crowd.result() };
  } finally {
    await crowd.kill();
    await nodes.stop();
  }
}
