import { families } from "./load/proc.ts";
import type { Peer } from "./peer.ts";
import { lackOfPostgres, startPostgres } from "./postgres.ts";
import { lackOfRedis, startRedis } from "./redis.ts";
import { ground, makeWorld, serve, type Server } from "./server.ts";
import { temporaryFolder } from "./processes.ts";
import type { WorldPlan } from "./world-plan.ts";

/** Why no two nodes can be started here, with the way to install what is missing. */
export const lackOfNodes = (): string | undefined => lackOfPostgres() ?? lackOfRedis();

/** Several servers over one database and one bridge, all of them on this machine. */
export interface Nodes {
  servers: Server[];
  seats: string;
  /** All processes whose time is counted: nodes, database and bridge. */
  pids(): number[];
  stop(): Promise<void>;
}

export async function startNodes(count: number, plan: WorldPlan): Promise<Nodes> {
  const [database, bridge] = await Promise.all([startPostgres(), startRedis()]);
  const servers: Server[] = [];
  const stop = async () => {
    await Promise.all(servers.map((server) => server.kill()));
    await Promise.all([database.kill(), bridge.kill()]);
  };
  try {
    const world = await makeWorld(plan, ground(database.url));
    for (let index = 0; index < count; index++) {
      servers.push(await serve(world, { REDIS_URL: bridge.url, DATA_DIR: temporaryFolder() }));
    }
    const pids = () => families([database.pid, bridge.pid, ...servers.map(({ pid }) => pid)]);
    return { servers, seats: world.seats, pids, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

export const onPostgres: Peer = {
  name: "Parley on Postgres",
  ack: "fsynced",
  wire: "parley",
  lack: lackOfPostgres,
  async start(plan) {
    const database = await startPostgres();
    const world = await makeWorld(plan, ground(database.url));
    const server = await serve(world);
    return {
      url: server.url,
      seats: world.seats,
      pids: [...server.pids(), ...families([database.pid])],
      async stop() {
        await server.kill();
        await database.kill();
      },
    };
  },
};

/** The members of a room of two sit on different nodes: every message crosses the bridge. */
export const onTwoNodes: Peer = {
  name: "Parley on two nodes",
  ack: "fsynced",
  wire: "parley",
  lack: lackOfNodes,
  async start(plan) {
    const nodes = await startNodes(2, plan);
    const [url = "", ...others] = nodes.servers.map((server) => server.url);
    return { url, others, seats: nodes.seats, pids: nodes.pids(), stop: nodes.stop };
  },
};
