import { z } from "zod";
import type { Bench, Cell } from "../cell.ts";
import type { RouteSpec } from "../load/requests.ts";
import { addSeeded, addWriters, askBesideWriters, tableOfRoutes } from "../pages.ts";
import type { SeededWorld } from "../seeded-plan.ts";
import { ground } from "../server.ts";

/** Nobody in the seeded world says these. */
const rare = { Latin: "zebrafinch", Chinese: "鯨豚" };
/** One line in so many holds these: 1.5 and 0.5 % of a million. */
const frequent = { Latin: "library", Chinese: "牛肉" };
const rareMessages = 20;
const indexedWithinMs = 300_000;
const askEveryMs = 250;

const found = z.object({ data: z.array(z.object({ id: z.string() })) });

export const search: Cell = {
  name: "search",
  title: "Search, Latin and Chinese",
  about:
    "A word that twenty messages hold and one that thousands do, in Latin and as two Chinese characters, in one room and in all rooms of a person; 80 requests/s by a fixed schedule over a seeded world, beside 2,000 messages/s over sockets. Times are from the intended moment of a request to the end of its answer.",
  async run(bench) {
    const at = ground();
    const messages = bench.isQuick ? 20_000 : 1_000_000;
    const { seats } = await addWriters(at);
    const { places } = await addSeeded(bench, at, { users: 200, rooms: 30, messages, places: 500 });
    let indexedMs = 0;
    const beside = await askBesideWriters(bench, at, {
      routes: async (url) => {
        indexedMs = await untilIndexed(bench, url, places);
        return routesOf(places);
      },
      perSecond: 80,
      seconds: bench.seconds(30),
      seats,
    });
    const slowest = beside.requests.routes.reduce((worst, route) => (route.p95 > worst.p95 ? route : worst));
    return {
      tables: [tableOfRoutes("", "messages", [{ name: messages.toLocaleString("en"), beside }])],
      notes: [
        `A freshly seeded world was searchable ${(indexedMs / 1_000).toFixed(1)} s after the start of the server.`,
      ],
      targets: [
        {
          what: `search at ${messages.toLocaleString("en")} messages`,
          target: "p95 below 50 ms",
          reached: `${slowest.p95.toFixed(1)} ms for the slowest (${slowest.name})`,
          isMet: slowest.p95 < 50,
        },
      ],
      faults: beside.faults,
    };
  },
};

/** Sends messages with the rare words, and waits until they are found: what was there before them is then, too. */
async function untilIndexed(bench: Bench, url: string, places: SeededWorld["places"]): Promise<number> {
  const startMs = performance.now();
  const headers = (token: string) => ({ Authorization: `Bearer ${token}`, "Content-Type": "application/json" });
  const [reader] = places;
  if (!reader) throw new Error("the world has no places");
  for (const { room, token } of Array.from({ length: rareMessages }, (_, index) => places[index] ?? reader)) {
    const body = JSON.stringify({ content: `A ${rare.Latin} sang, and 我們看到${rare.Chinese}了` });
    const answer = await fetch(`${url}/api/v1/rooms/${room}/messages`, {
      method: "POST",
      headers: headers(token),
      body,
    });
    if (!answer.ok) throw new Error(`a message was refused: ${await answer.text()}`);
  }
  for (let seen = 0; seen === 0;) {
    if (performance.now() - startMs > indexedWithinMs) throw new Error("the index did not catch up within 5 minutes");
    await Bun.sleep(askEveryMs);
    const path = `/api/v1/rooms/${reader.room}/messages/search?q=${encodeURIComponent(rare.Chinese)}`;
    const answer = await fetch(`${url}${path}`, { headers: headers(reader.token) });
    if (!answer.ok) throw new Error(`a search was answered with ${answer.status}`);
    seen = found.parse(await answer.json()).data.length;
  }
  bench.say("all is indexed");
  return performance.now() - startMs;
}

function routesOf(places: SeededWorld["places"]): RouteSpec[] {
  const words = [
    ["rare, Latin", rare.Latin],
    ["rare, Chinese", rare.Chinese],
    ["frequent, Latin", frequent.Latin],
    ["frequent, Chinese", frequent.Chinese],
  ] as const;
  const scopes = [
    ["one room", (room: string) => `/rooms/${room}`],
    ["all my rooms", () => ""],
  ] as const;
  return words.flatMap(([word, q]) =>
    scopes.map(([scope, within]) => ({
      name: `${word}, ${scope}`,
      share: 1 / (words.length * scopes.length),
      requests: places.map(({ room, token }) => ({
        method: "GET",
        path: `/api/v1${within(room)}/messages/search?q=${encodeURIComponent(q)}`,
        token,
      })),
    })),
  );
}
