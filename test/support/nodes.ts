import { readConfig } from "../../src/server/config.ts";
import type { Context } from "../../src/server/context.ts";
import { type RunningServer, serve } from "../../src/server/serve.ts";
import { type Ground, prepareGround } from "./environment.ts";
import type { Reachable } from "./people.ts";
import { postgresLack } from "./postgres.ts";
import { redisLack, TestRedis } from "./redis.ts";

/** Why several nodes cannot be started on this machine; `undefined` when they can. */
export const nodesLack = postgresLack ?? redisLack;

interface TestNode extends Reachable {
  readonly context: Context;
}

/** Two servers in this process over one Postgres, and a Redis of their own as the bridge. */
export class Nodes {
  private constructor(
    readonly redis: TestRedis,
    private readonly ground: Ground,
    private readonly servers: readonly RunningServer[],
    readonly one: TestNode,
    readonly two: TestNode,
  ) {}

  static async start(env: Record<string, string> = {}): Promise<Nodes> {
    const redis = await TestRedis.start();
    const ground = await prepareGround({ dialect: "postgres", env: { REDIS_URL: redis.url, ...env } });
    const config = readConfig(ground.env);
    const [one, two] = [await serve(config), await serve(config)];
    const nodes = new Nodes(redis, ground, [one, two], nodeOf(one), nodeOf(two));
    await nodes.meet();
    return nodes;
  }

  /** Resolves when both are joined by the bridge. */
  async meet(): Promise<void> {
    await Promise.all(this.servers.map(({ context }) => reaches(context, "connected")));
  }

  /** Resolves when both know that there is no bridge. */
  async part(): Promise<void> {
    await Promise.all(this.servers.map(({ context }) => reaches(context, "away")));
  }

  async stop(): Promise<void> {
    await Promise.all(this.servers.map((server) => server.stop()));
    await this.redis.stop();
    await this.ground.clear();
  }
}

function nodeOf({ url, context }: RunningServer): TestNode {
  return { url, wsUrl: `${url.replace("http", "ws")}/ws`, context };
}

async function reaches({ bus }: Context, state: "connected" | "away"): Promise<void> {
  if (bus.state === state) return;
  const { promise, resolve } = Promise.withResolvers<void>();
  const end = bus.onState((now) => {
    if (now === state) resolve();
  });
  await promise;
  end();
}
