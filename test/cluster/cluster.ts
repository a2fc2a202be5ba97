import { ChaosProxy } from "../support/chaos-proxy.ts";
import { prepareGround } from "../support/environment.ts";
import type { Reachable } from "../support/people.ts";
import { Network, networkLack } from "../support/network.ts";
import { PostgresServer } from "../support/postgres.ts";
import { TestRedis } from "../support/redis.ts";
import { ServerProcess } from "../support/server-process.ts";

/** What a node may be parted from. */
export type Service = "database" | "bridge";

/** How {@link Node.part} does it here. */
export const howNodesPart =
  networkLack === undefined ? "packets dropped, in networks of their own" : `proxies fall silent, as ${networkLack}`;

/** One node: a process, and its own ways to the database and to the bridge, which can be spoiled. */
export interface Node extends Reachable {
  readonly name: string;
  readonly process: ServerProcess;
  readonly toDatabase: ChaosProxy;
  readonly toBridge: ChaosProxy;
  /** Whether the balancer sends new connections there. */
  inService: boolean;
  /** Nothing comes from these any more and nothing goes there, and nobody is told: no connection is closed. */
  part(from: readonly Service[]): void;
  /** Ends {@link part}. */
  rejoin(): void;
  stop(): Promise<void>;
}

/** For the figures of a node that is not on this machine's own addresses. */
export const metricsToken = "may look at figures";

interface ClusterOptions {
  nodes?: number;
  env?: Record<string, string>;
  /** Which of the nodes in service takes the next connection, in [0, 1). */
  random?: () => number;
  /** The binary of an earlier version: every node begins as that, until it is replaced. */
  earlier?: string | undefined;
}

/**
 * Several nodes on one Postgres and one Redis of their own. The cluster's own address is that of a balancer without any
 * memory: each connection goes to some node that is in service.
 */
export class Cluster implements Reachable {
  private constructor(
    readonly postgres: PostgresServer,
    /** Not by way of any node. */
    readonly databaseUrl: string,
    readonly redis: TestRedis,
    readonly nodes: readonly Node[],
    readonly balancer: ChaosProxy,
  ) {}

  static async start({
    nodes: count = 2,
    env = {},
    random = Math.random,
    earlier,
  }: ClusterOptions = {}): Promise<Cluster> {
    const [postgres, redis] = await Promise.all([PostgresServer.start(), TestRedis.start()]);
    const { url } = await postgres.fresh();
    const nodes = await Promise.all(
      Array.from({ length: count }, async (_, index) => prepareNode(`node ${index + 1}`, url, redis.url, env)),
    );
    if (earlier !== undefined) for (const { process } of nodes) process.command = [earlier];
    // All at once: they agree on who migrates.
    await Promise.all(nodes.map(({ process }) => process.start()));
    const balancer = await ChaosProxy.before(() => {
      const serving = nodes.filter(({ inService }) => inService);
      return serving[Math.floor(random() * serving.length)]?.url;
    });
    return new Cluster(postgres, url, redis, nodes, balancer);
  }

  get url(): string {
    return this.balancer.url;
  }

  get wsUrl(): string {
    return this.balancer.wsUrl;
  }

  node(index: number): Node {
    const node = this.nodes[index];
    if (node === undefined) throw new Error(`there is no node ${index}`);
    return node;
  }

  /** What the nodes logged as errors, each line with its node. */
  errors(): string[] {
    return this.nodes.flatMap(({ name, process }) =>
      process.lines.filter((line) => /"level":"(ERROR|FATAL)"/i.test(line)).map((line) => `${name}: ${line}`),
    );
  }

  async stop(): Promise<void> {
    await this.balancer.stop();
    await Promise.all(this.nodes.map((node) => node.stop()));
    await Promise.all([this.postgres.stop(), this.redis.stop()]);
  }
}

async function prepareNode(
  name: string,
  databaseUrl: string,
  bridgeUrl: string,
  env: Record<string, string>,
): Promise<Node> {
  const network = networkLack === undefined ? await Network.of("people", "database", "bridge") : undefined;
  const [toDatabase, toBridge] = await Promise.all([
    ChaosProxy.before(databaseUrl, network?.here("database")),
    ChaosProxy.before(bridgeUrl, network?.here("bridge")),
  ]);
  const ground = await prepareGround({
    env: {
      DATABASE_URL: toDatabase.through(databaseUrl),
      REDIS_URL: toBridge.through(bridgeUrl),
      METRICS_TOKEN: metricsToken,
      ...(network && { HOST: network.there("people") }),
      ...env,
    },
  });
  const process = new ServerProcess(ground, network?.inside ?? []);
  const proxies = { database: toDatabase, bridge: toBridge };
  const parted = new Set<Service>();
  const rejoin = () => {
    for (const service of parted) {
      network?.plug(service);
      // What a proxy swallowed is gone from the middle of a stream: these connections are never whole again.
      if (!network) proxies[service].cut();
      proxies[service].restore();
    }
    parted.clear();
  };
  return {
    name,
    process,
    toDatabase,
    toBridge,
    inService: true,
    part(from) {
      for (const service of from) {
        parted.add(service);
        if (network) network.pull(service);
        else proxies[service].silence();
      }
    },
    rejoin,
    async stop() {
      rejoin();
      for (const proxy of [toDatabase, toBridge]) proxy.restore();
      await process.stop();
      await Promise.all([toDatabase.stop(), toBridge.stop(), network?.stop()]);
    },
    get url() {
      return process.url;
    },
    get wsUrl() {
      return process.wsUrl;
    },
  };
}
