import { z } from "zod";
import { profile, user, type Presence } from "../../src/protocol/models.ts";
import { people as peopleOf } from "../../src/server/accounts/people.ts";
import { presence } from "../../src/server/presence/presence.ts";
import { until } from "../support/deferred.ts";
import type { Person } from "../support/people.ts";
import type { TestServer } from "../support/server.ts";
import type { TestSocket } from "../support/socket.ts";

/** Asks to watch these people; gives how they are. */
export async function look(socket: TestSocket, ...whom: Person[]): Promise<Presence[]> {
  const answer = await socket.request("watch_presence", { user_ids: whom.map(({ id }) => id) });
  if (answer.type !== "presence") throw new Error(`answered by ${JSON.stringify(answer)}`);
  return answer.payload.users;
}

/** Sockets of a person that the server counts. */
async function socketsOf({ context }: TestServer, { id }: Person): Promise<number> {
  const person = await peopleOf(context).byId(id);
  return (person && presence(context).get(person.key)?.sockets) ?? 0;
}

/** Closes a socket; resolves when the server knows. */
export async function leave(server: TestServer, who: Person, socket: TestSocket): Promise<void> {
  const before = await socketsOf(server, who);
  socket.close();
  await until(async () => (await socketsOf(server, who)) < before, "the socket's end");
}

/** How somebody appears to somebody in their profile. */
export async function statusOf(viewer: Person, whom: Person) {
  const { status, last_seen_at } = (await viewer.http("GET", `/users/${whom.id}`)).as(profile);
  return { status, last_seen_at };
}

/** The names of those who are online, as somebody sees them. */
export async function onlineNames(viewer: Person, query = ""): Promise<string[]> {
  const answer = await viewer.http("GET", `/users/online${query}`);
  return answer.as(z.array(user)).map(({ username }) => username);
}
