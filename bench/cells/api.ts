import { z } from "zod";
import type { Cell } from "../cell.ts";
import type { HttpRequest } from "../load/http.ts";
import type { RouteSpec } from "../load/requests.ts";
import { addSeeded, addWriters, askBesideWriters, tableOfRoutes } from "../pages.ts";
import { ground } from "../server.ts";

/** As many as may register from one address within the bucket's burst. */
const accounts = 20;
const password = "a password of the bench";

const joined = z.object({ data: z.array(z.object({ id: z.string(), type: z.string(), last_seq: z.number() })) });
const page = z.object({ data: z.array(z.object({ id: z.string() })) });
const credentials = z.object({ data: z.object({ refresh_token: z.string() }) });

export const api: Cell = {
  name: "api",
  title: "The ten most used routes of the HTTP API",
  about:
    "500 requests/s by a fixed schedule, over a seeded world of 200 people, 30 rooms and 100,000 messages, beside 2,000 messages/s over sockets. One request in 500 is a sign-in, which costs a bcrypt of cost 12: a quarter of a second of one core. Times are from the intended moment of a request to the end of its answer.",
  async run(bench) {
    const at = ground();
    const { seats } = await addWriters(at);
    const world = await addSeeded(bench, at, { users: 200, rooms: 30, messages: 100_000, places: 500 });
    const beside = await askBesideWriters(bench, at, {
      routes: async (url) => {
        const visits = await visit(url, world.tokens.slice(0, bench.isQuick ? 20 : 100));
        return routesOf(visits, world.places, await register(url));
      },
      perSecond: 500,
      seconds: bench.seconds(30),
      seats,
    });
    // A hash is slow on purpose: it stands in the table, and is no measure of the API.
    const slowest = beside.requests.routes
      .filter(({ name }) => !name.endsWith("/login"))
      .reduce((worst, route) => (route.p95 > worst.p95 ? route : worst));
    return {
      tables: [tableOfRoutes("", "requests/s", [{ name: String(Math.round(beside.requests.perSecond)), beside }])],
      notes: ["Sign-ins are not held to the target: their quarter of a second is what keeps passwords safe."],
      targets: [
        {
          what: "API at 500 requests/s beside 2,000 messages/s",
          target: "p95 below 20 ms",
          reached: `${slowest.p95.toFixed(1)} ms for the slowest route (${slowest.name})`,
          isMet: slowest.p95 < 20,
        },
      ],
      faults: beside.faults,
    };
  },
};

/** A room of somebody, and its newest message. */
interface Visit {
  token: string;
  room: string;
  newest: string;
}

/** Each person's first rooms that have a history. */
async function visit(url: string, tokens: readonly string[]): Promise<Visit[]> {
  const visits: Visit[] = [];
  for (const token of tokens) {
    const get = async (path: string) =>
      (await fetch(`${url}/api/v1${path}`, { headers: { Authorization: `Bearer ${token}` } })).json();
    const rooms = joined.parse(await get("/rooms?type=joined")).data.filter(({ last_seq }) => last_seq > 100);
    for (const { id } of rooms.slice(0, 3)) {
      const newest = page.parse(await get(`/rooms/${id}/messages?limit=1`)).data.at(-1)?.id;
      if (newest !== undefined) visits.push({ token, room: id, newest });
    }
  }
  return visits;
}

interface Account {
  username: string;
  refreshToken: string;
}

/** People with a password. */
async function register(url: string): Promise<Account[]> {
  const made: Account[] = [];
  for (let index = 0; index < accounts; index++) {
    const username = `bench-${index}`;
    const answer = await fetch(`${url}/api/v1/auth/register`, {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify({ username, password }),
    });
    made.push({ username, refreshToken: credentials.parse(await answer.json()).data.refresh_token });
  }
  return made;
}

function routesOf(
  visits: readonly Visit[],
  places: readonly { room: string; token: string; middle: string }[],
  people: readonly Account[],
): RouteSpec[] {
  const api = "/api/v1";
  const get = (path: (one: Visit) => string): HttpRequest[] =>
    visits.map((one) => ({ method: "GET", path: `${api}${path(one)}`, token: one.token }));
  const post = (path: (one: Visit) => string, body: (one: Visit) => object): HttpRequest[] =>
    visits.map((one) => ({
      method: "POST",
      path: `${api}${path(one)}`,
      token: one.token,
      body: JSON.stringify(body(one)),
    }));
  return [
    {
      name: "POST /auth/login",
      share: 0.002,
      requests: people.map(({ username }) => ({
        method: "POST",
        path: `${api}/auth/login`,
        body: JSON.stringify({ username, password }),
      })),
    },
    {
      name: "POST /auth/refresh",
      share: 0.008,
      renews: true,
      requests: people.map(({ refreshToken }) => ({
        method: "POST",
        path: `${api}/auth/refresh`,
        token: refreshToken,
      })),
    },
    { name: "GET /users/me", share: 0.1, requests: get(() => "/users/me") },
    { name: "GET /rooms?type=joined", share: 0.12, requests: get(() => "/rooms?type=joined") },
    { name: "GET /rooms/:id", share: 0.12, requests: get(({ room }) => `/rooms/${room}`) },
    { name: "GET /rooms/:id/members", share: 0.1, requests: get(({ room }) => `/rooms/${room}/members`) },
    { name: "GET /rooms/:id/messages", share: 0.25, requests: get(({ room }) => `/rooms/${room}/messages`) },
    {
      name: "GET /rooms/:id/messages?before",
      share: 0.15,
      requests: places.map(({ room, token, middle }) => ({
        method: "GET",
        path: `${api}/rooms/${room}/messages?before=${middle}`,
        token,
      })),
    },
    {
      name: "POST /rooms/:id/messages",
      share: 0.1,
      requests: post(
        ({ room }) => `/rooms/${room}/messages`,
        () => ({ content: "Is anybody there?", temp_id: "bench-{n}" }),
      ),
    },
    {
      name: "POST /rooms/:id/messages/read",
      share: 0.05,
      requests: post(
        ({ room }) => `/rooms/${room}/messages/read`,
        ({ newest }) => ({ last_read_message_id: newest }),
      ),
    },
  ];
}
