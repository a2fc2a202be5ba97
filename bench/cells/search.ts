import { z } from "zod";
import type { Cell } from "../cell.ts";
import type { RouteSpec } from "../load/requests.ts";
import { addSeeded, addWriters, askBesideWriters, tableOfRoutes } from "../pages.ts";
import type { SeededWorld } from "../seeded-plan.ts";
import { ground } from "../server.ts";

/** Nobody in the seeded world says these. */
const rare = { Latin: "zebrafinch", Chinese: "鯨豚" };
/** One line in so many holds these: 1.5 and 0.5 % of a million. */
const frequent = { Latin: "library", Chinese: "牛肉" };
const rareMessages = 20;
const foundWithinMs = 10_000;
const askEveryMs = 50;

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
    const { places, indexedS } = await addSeeded(bench, at, { users: 200, rooms: 30, messages, places: 500 });
    let foundMs = 0;
    const beside = await askBesideWriters(bench, at, {
      routes: async (url) => {
        foundMs = await sendRare(url, places);
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
        `The seeded messages took the index ${indexedS.toFixed(1)} s. Twenty new ones were found ${Math.round(foundMs)} ms after the first was sent.`,
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

/** Sends the messages with the rare words, and waits until the last is found. Gives how long that took, in ms. */
async function sendRare(url: string, places: SeededWorld["places"]): Promise<number> {
  const startMs = performance.now();
  const headers = (token: string) => ({ Authorization: `Bearer ${token}`, "Content-Type": "application/json" });
  const chosen = places.slice(0, rareMessages);
  const last = chosen.at(-1);
  if (!last) throw new Error("the world has no places");
  for (const { room, token } of chosen) {
    const body = JSON.stringify({ content: `A ${rare.Latin} sang, and 我們看到${rare.Chinese}了` });
    const answer = await fetch(`${url}/api/v1/rooms/${room}/messages`, {
      method: "POST",
      headers: headers(token),
      body,
    });
    if (!answer.ok) throw new Error(`a message was refused: ${await answer.text()}`);
  }
  const path = `/api/v1/rooms/${last.room}/messages/search?q=${encodeURIComponent(rare.Chinese)}`;
  while (performance.now() - startMs < foundWithinMs) {
    await Bun.sleep(askEveryMs);
    const answer = await fetch(`${url}${path}`, { headers: headers(last.token) });
    if (!answer.ok) throw new Error(`a search was answered with ${answer.status}`);
    if (found.parse(await answer.json()).data.length > 0) return performance.now() - startMs;
  }
  throw new Error("new messages were not found within 10 s");
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
