import { readConfig } from "../../src/server/config.ts";
import type { Context } from "../../src/server/context.ts";
import { serve } from "../../src/server/serve.ts";
import { ChaosProxy } from "./chaos-proxy.ts";
import { prepareGround, type Ground, type ServerOptions } from "./environment.ts";
import { freePort } from "./free-port.ts";
import { Nginx } from "./nginx.ts";
import type { Reachable } from "./people.ts";
import { sharedRedis } from "./redis.ts";

type Overrides = NonNullable<Parameters<typeof serve>[1]>;

export interface TestServer extends Reachable {
  readonly dataDir: string;
  /** What the verbs of this server use: for looking at its database, or turning its clock. */
  readonly context: Context;
  stop(): Promise<void>;
}

/**
 * `TEST_NODES=2 bun test test/capability -t Postgres`: on Postgres a server is so many nodes with a bridge, and each
 * connection goes to one of them at random; with `TEST_BALANCER=nginx` nginx stands before them as `deploy` has it. Tests
 * that look into the server itself see the first alone.
 */
const nodeCount = Number(process.env["TEST_NODES"] ?? 1);
const isBehindNginx = process.env["TEST_BALANCER"] === "nginx";

/** A server in this process, on any free port, over a fresh database; `stop` removes all of it. */
export async function startServer({
  clock,
  fatal,
  ...options
}: ServerOptions & Pick<Overrides, "clock" | "fatal"> = {}): Promise<TestServer> {
  const ground = await prepareGround(options);
  const overrides = { ...(clock && { clock }), ...(fatal && { fatal }) };
  if (options.dialect === "postgres" && nodeCount > 1) return startNodes(ground, overrides);
  const running = await serve(readConfig(ground.env), overrides);
  return {
    url: running.url,
    wsUrl: `${running.url.replace("http", "ws")}/ws`,
    dataDir: ground.dataDir,
    context: running.context,
    stop: async () => {
      await running.stop();
      await ground.clear();
    },
  };
}

async function startNodes(ground: Ground, overrides: Overrides): Promise<TestServer> {
  const urls: string[] = [];
  const port = await freePort();
  const balancer = isBehindNginx
    ? undefined
    : await ChaosProxy.before(() => urls[Math.floor(Math.random() * urls.length)]);
  const env = {
    REDIS_URL: (await sharedRedis()).url,
    PUBLIC_URL: balancer?.url ?? `http://127.0.0.1:${port}`,
    ...(isBehindNginx && { TRUST_PROXY: "127.0.0.1" }),
    ...ground.env,
  };
  const start = () => serve(readConfig(env), overrides);
  const first = await start();
  const others = await Promise.all(Array.from({ length: nodeCount - 1 }, start));
  urls.push(first.url, ...others.map(({ url }) => url));
  const front = balancer ?? (await Nginx.before([first, ...others], port));
  return {
    url: front.url,
    wsUrl: front.wsUrl,
    dataDir: ground.dataDir,
    context: first.context,
    stop: async () => {
      await Promise.all([first, ...others].map((node) => node.stop()));
      await front.stop();
      await ground.clear();
    },
  };
}
