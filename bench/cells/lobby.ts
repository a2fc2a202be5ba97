import { type Cell, median } from "../cell.ts";
import { generate } from "../load.ts";
import { ground, makeWorld, serve } from "../server.ts";

/** From the send on: what the last receiver and what comes right after it cost the others. */
const windowMs = 500;
const pingEveryMs = 2;

export const lobby: Cell = {
  name: "lobby",
  title: "One message to everybody in the lobby",
  about:
    "One message into a lobby of 10,000 sockets, half a second apart. Beside them somebody, in a process of their own, pings every 2 ms: the longest answer bounds from outside how long the server's event loop was blocked (it holds the scheduling of three busy processes on this machine too).",
  async run(bench) {
    const clients = bench.isQuick ? 1_000 : 10_000;
    const rounds = bench.isQuick ? 5 : 20;
    const world = await makeWorld({ people: clients, roomSize: 50, roomsEach: 5 }, ground());
    const server = await serve(world);
    const common = { wire: "parley" as const, url: server.url, seats: world.seats };
    const crowd = generate({ ...common, kind: "lobby", clients, rounds });
    // The second device of somebody in the crowd.
    const probe = generate({ ...common, kind: "probe", from: clients - 1, everyMs: pingEveryMs });
    try {
      bench.say(`${clients} clients connect`);
      await crowd.said("ready");
      bench.say("they listen");
      const { messages, loadCores, faults } = await crowd.result();
      await probe.kill("SIGTERM");
      const { pings } = await probe.result();
      const longest = messages.map(({ at }) =>
        Math.max(0, ...pings.filter((ping) => ping.at >= at - 50 && ping.at < at + windowMs).map(({ ms }) => ms)),
      );
      const last = messages.map((message) => message.last);
      const [lastMax, blockedMax] = [Math.max(...last), Math.max(...longest)];
      const rounded = (value: number) => Number(value.toFixed(1));
      return {
        tables: [
          {
            title: "",
            columns: [
              { name: "sockets" },
              { name: "messages" },
              { name: "median receiver", unit: "ms" },
              { name: "last receiver", unit: "ms" },
              { name: "last receiver, worst message", unit: "ms" },
              { name: "longest ping", unit: "ms" },
              { name: "longest ping, worst message", unit: "ms" },
              { name: "generator's cores" },
            ],
            rows: [
              [
                clients,
                messages.length,
                rounded(median(messages.map(({ p50 }) => p50))),
                rounded(median(last)),
                rounded(lastMax),
                rounded(median(longest)),
                rounded(blockedMax),
                rounded(loadCores),
              ],
            ],
          },
        ],
        targets: [
          {
            what: `one message into a lobby of ${clients}`,
            target: "last receiver in less than 250 ms",
            reached: `${lastMax.toFixed(0)} ms at worst`,
            isMet: lastMax < 250,
          },
          {
            what: "the event loop meanwhile",
            target: "never blocked over 15 ms",
            reached: `longest ping ${blockedMax.toFixed(0)} ms, ${median(longest).toFixed(0)} ms in the median`,
            isMet: blockedMax <= 15,
          },
        ],
        faults,
      };
    } finally {
      await crowd.kill();
      await probe.kill();
      await server.kill();
    }
  },
};
