import { type ClientOptions, createClient, type Parley } from "../../src/sdk/client.ts";
import type { State } from "../../src/sdk/state.ts";
import { within } from "../support/deferred.ts";
import { type Reachable, testPassword } from "../support/people.ts";

/** A person's client, registered and connected. */
export async function newcomer(
  server: Pick<Reachable, "url">,
  username: string,
  options: Partial<ClientOptions> = {},
): Promise<Parley> {
  const client = createClient({ url: server.url, ...options });
  await client.register({ username, password: testPassword });
  await client.connect();
  return client;
}

/** The same person on another device. */
export async function anotherDevice(
  server: Pick<Reachable, "url">,
  client: Parley,
  options: Partial<ClientOptions> = {},
): Promise<Parley> {
  const other = createClient({ url: server.url, ...options });
  await other.login({ username: client.me?.username ?? "", password: testPassword });
  await other.connect();
  return other;
}

/** Resolves with the first state, from now on, for which `isSo` holds. */
export function state(client: Parley, what: string, isSo: (state: State) => boolean): Promise<State> {
  const { promise, resolve } = Promise.withResolvers<State>();
  const look = () => {
    const now = client.store.getSnapshot();
    if (isSo(now)) resolve(now);
  };
  const stop = client.store.subscribe(look);
  look();
  const last = () => JSON.stringify(client.store.getSnapshot(), null, 1).slice(0, 4_000);
  return within(promise, () => `${what} did not come true; the state is ${last()}`).finally(stop);
}

/** What a room's open timeline shows. */
export function contents(client: Parley, roomId: string): string[] {
  const messages = client.store.getSnapshot().timelines[roomId]?.messages ?? [];
  return messages.flatMap((message) => ("content" in message && message.type === "text" ? [message.content] : []));
}
