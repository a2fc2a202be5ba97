import { type ClientOptions, createClient, type Parley } from "../../src/sdk/client.ts";
import { FakeClock, settle } from "./fake-clock.ts";
import { ModelRoom, person } from "./model-room.ts";
import { ann, ModelServer } from "./model-server.ts";

/** One room with two people, one of whom, Ann, uses the client. */
export interface SmallWorld {
  server: ModelServer;
  clock: FakeClock;
  client: Parley;
}

export const roomId = "room";
export const ben = person("ben");

export function newWorld(options: Partial<ClientOptions> = {}): SmallWorld {
  const server = new ModelServer(new ModelRoom(roomId, [ann, ben]));
  const clock = new FakeClock();
  return { server, clock, client: newClient({ server, clock }, options) };
}

/** Another client in the same world, as after a reload of the page. */
export function newClient({ server, clock }: Omit<SmallWorld, "client">, options: Partial<ClientOptions> = {}): Parley {
  return createClient({ url: "http://model", clock, fetch: server.fetch, socket: server.openSocket, ...options });
}

/** Ann signs in and connects. */
export async function enter(world: SmallWorld): Promise<void> {
  await world.client.login({ username: "ann", password: "a password" });
  const connected = world.client.connect();
  await exchange(world);
  await connected;
}

/** Moves the network, and not the clock, until nothing is on its way. */
export async function exchange({ server }: Pick<SmallWorld, "server">): Promise<void> {
  for (let quiet = 0; quiet < 3;) {
    await settle();
    server.process();
    server.deliver();
    await settle();
    quiet = server.idle ? quiet + 1 : 0;
  }
}

/** Moves the network and the clock until nothing is left to do. */
export async function calm(world: SmallWorld): Promise<void> {
  for (let round = 0; round < 3 || !world.server.idle; round++) {
    await exchange(world);
    const { retryAtMs } = world.client.connection.state;
    await world.clock.advance(retryAtMs === null ? 1_500 : retryAtMs - world.clock.now());
  }
}
