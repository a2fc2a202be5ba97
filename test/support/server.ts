import { readConfig } from "../../src/server/config.ts";
import type { Context } from "../../src/server/context.ts";
import { serve } from "../../src/server/serve.ts";
import { prepareGround, type ServerOptions } from "./environment.ts";
import type { Reachable } from "./people.ts";

type Overrides = NonNullable<Parameters<typeof serve>[1]>;

export interface TestServer extends Reachable {
  readonly dataDir: string;
  /** What the verbs of this server use: for looking at its database, or turning its clock. */
  readonly context: Context;
  stop(): Promise<void>;
}

/** A server in this process, on any free port, over a fresh database; `stop` removes all of it. */
export async function startServer({
  clock,
  fatal,
  ...options
}: ServerOptions & Pick<Overrides, "clock" | "fatal"> = {}): Promise<TestServer> {
  const ground = await prepareGround(options);
  const running = await serve(readConfig(ground.env), { ...(clock && { clock }), ...(fatal && { fatal }) });
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
