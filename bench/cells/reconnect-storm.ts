import { type Bench, type Cell, median, spread } from "../cell.ts";
import { generate } from "../load.ts";
import type { ReconnectResult } from "../load/reconnect.ts";
import { ground, makeWorld, serve } from "../server.ts";

export const reconnectStorm: Cell = {
  name: "reconnect-storm",
  title: "Everybody comes back after kill -9",
  about:
    "Clients in the lobby and five rooms of 50 talk, 500 messages/s; one in ten loses its line while the others go on. Then the server is killed with SIGKILL and started again on the same data and port. All connect at once, without back-off, and send `sync` with the revs of all their rooms, and again what was not acknowledged. A client is caught up at `sync_done`. Every client's rooms are compared by place and message: what was acknowledged before the crash must be there, nothing twice, nothing elsewhere.",
  async run(bench) {
    const clients = bench.isQuick ? 500 : 10_000;
    const rounds = bench.isQuick ? 1 : 3;
    const crashes: Crash[] = [];
    for (let round = 1; round <= rounds; round++) {
      bench.say(`${clients} clients, round ${round} of ${rounds}`);
      crashes.push(await once(bench, clients));
    }
    const of = (figure: (crash: Crash) => number) => median(crashes.map(figure)) / 1_000;
    const fromReady = of(({ result, readyLineAt }) => result.caughtUpAt - readyLineAt);
    return {
      tables: [
        {
          title: "",
          columns: [
            { name: "clients" },
            { name: "start of the server", unit: "s" },
            { name: "all ready, from its ready line", unit: "s" },
            { name: "caught up p50, from its ready line", unit: "s" },
            { name: "all caught up, from its ready line", unit: "s" },
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
              ...[
                of(({ readyLineAt, startedAt }) => readyLineAt - startedAt),
                of(({ result, readyLineAt }) => result.readyAt - readyLineAt),
                of(({ result, readyLineAt }) => result.listeningAt + result.caughtUp.p50 - readyLineAt),
                fromReady,
                of(({ result, killedAt }) => result.caughtUpAt - killedAt),
                spread(crashes.map(({ result, killedAt }) => result.caughtUpAt - killedAt)) * 100,
              ].map((figure) => Number(figure.toFixed(2))),
              ...[
                ({ result }: Crash) => result.ackedBefore,
                ({ result }: Crash) => result.sentAgain,
                ({ result }: Crash) => result.synced,
                ({ result }: Crash) => result.again,
              ].map((figure) => Math.round(median(crashes.map(figure)))),
            ],
          ],
        },
      ],
      targets: [
        {
          what: `reconnect storm of ${clients} after a crash`,
          target: "all caught up in less than 10 s, nothing missing",
          reached: `${fromReady.toFixed(1)} s`,
          isMet: fromReady < 10,
        },
      ],
      faults: crashes.flatMap(({ result }) => result.faults),
    };
  },
};

/** Times in milliseconds since 1970. */
interface Crash {
  killedAt: number;
  startedAt: number;
  readyLineAt: number;
  result: ReconnectResult;
}

async function once(bench: Bench, clients: number): Promise<Crash> {
  const world = await makeWorld({ people: clients, roomSize: 50, roomsEach: 5 }, ground());
  let server = await serve(world);
  const { port } = new URL(server.url);
  const crowd = generate({
    kind: "reconnect",
    wire: "parley",
    url: server.url,
    seats: world.seats,
    clients,
    perSecond: 500,
    awayOneIn: 10,
  });
  try {
    await crowd.said("talking");
    await Bun.sleep(Math.max(2, bench.seconds(5)) * 1_000);
    const killedAt = Date.now();
    await server.kill("SIGKILL");
    const startedAt = Date.now();
    server = await serve(world, { PORT: port });
    const readyLineAt = Date.now();
    return { killedAt, startedAt, readyLineAt, result: await crowd.result() };
  } finally {
    await crowd.kill();
    await server.kill();
  }
}
