import { readConfig } from "../../src/server/config.ts";
import type { Context } from "../../src/server/context.ts";
import { serve } from "../../src/server/serve.ts";
import type { Clock } from "../../src/server/platform/clock.ts";
import { joinBridge, onClock } from "./bridge.ts";
import { ChaosProxy } from "./chaos-proxy.ts";
import { withRealMoments } from "./clock.ts";
import { prepareGround, type Ground, type ServerOptions } from "./environment.ts";
import { freePort } from "./free-port.ts";
import { Nginx } from "./nginx.ts";
import type { Reachable } from "./people.ts";
import { sharedRedis } from "./redis.ts";

type Overrides = NonNullable<Parameters<typeof serve>[1]>;

export interface TestServer extends Reachable {
  readonly dataDir: string;
  /** What the verbs of this server use: for looking at its database, or turning its clock. Of several nodes, the first's. */
  readonly context: Context;
  /** Those of all its nodes: for what each does or knows by itself. */
  readonly contexts: readonly Context[];
  stop(): Promise<void>;
}

/**
 * `TEST_NODES=2 bun test --timeout 30000 test/capability -t "on Postgres"`: on Postgres a server is so many nodes with a
 * bridge, and each connection goes to one of them at random; with `TEST_BALANCER=nginx` nginx stands before them as `deploy`
 * has it.
 */
const nodeCount = Number(process.env["TEST_NODES"] ?? 1);
const isBehindNginx = process.env["TEST_BALANCER"] === "nginx";

interface TestServerOptions extends ServerOptions, Pick<Overrides, "clock" | "fatal"> {
  /** Why a test needs it to be one node whatever `TEST_NODES` says: what it looks at is that of one, or is not so on several. */
  onOneNode?: string;
}

/** A server in this process, on any free port, over a fresh database; `stop` removes all of it. */
export async function startServer({
  clock,
  fatal,
  onOneNode,
  ...options
}: TestServerOptions = {}): Promise<TestServer> {
  const ground = await prepareGround(options);
  const overrides = { ...(clock && { clock }), ...(fatal && { fatal }) };
  if (options.dialect === "postgres" && nodeCount > 1 && onOneNode === undefined) return startNodes(ground, overrides);
  const running = await serve(readConfig(ground.env), overrides);
  return {
    url: running.url,
    wsUrl: `${running.url.replace("http", "ws")}/ws`,
    dataDir: ground.dataDir,
    context: running.context,
    contexts: [running.context],
    stop: () => running.stop().finally(() => ground.clear()),
  };
}

async function startNodes(ground: Ground, { clock, ...overrides }: Overrides): Promise<TestServer> {
  const urls: string[] = [];
  const port = await freePort();
  const random = await ChaosProxy.before(() => urls[Math.floor(Math.random() * urls.length)]);
  const { url } = await sharedRedis();
  const env = {
    REDIS_URL: url,
    PUBLIC_URL: isBehindNginx ? `http://127.0.0.1:${port}` : random.url,
    ...(isBehindNginx && { TRUST_PROXY: "127.0.0.1" }),
    ...ground.env,
  };
  const prefix = Bun.randomUUIDv7();
  const timed = async (clock: Clock): Promise<Overrides> => {
    const bridge = await joinBridge({ url, nodeId: Bun.randomUUIDv7(), prefix });
    return { clock: withRealMoments(clock), bus: onClock(bridge, clock) };
  };
  const start = async () => serve(readConfig(env), { ...overrides, ...(clock && (await timed(clock))) });
  const first = await start();
  const others = await Promise.all(Array.from({ length: nodeCount - 1 }, start));
  urls.push(first.url, ...others.map(({ url }) => url));
  const nginx = isBehindNginx ? await Nginx.before([first, ...others], port) : undefined;
  const front = nginx ?? random;
  return {
    url: front.url,
    wsUrl: front.wsUrl,
    behindUrl: random.url,
    dataDir: ground.dataDir,
    context: first.context,
    contexts: [first, ...others].map(({ context }) => context),
    stop: async () => {
      await Promise.all([first, ...others].map((node) => node.stop()));
      await nginx?.stop();
      await random.stop();
      await ground.clear();
    },
  };
}
