import { join } from "node:path";
import { z } from "zod";
import type { LoadResult, LoadSpec } from "./load/spec.ts";
import { root, start } from "./processes.ts";

const line = z.object({ progress: z.string().optional(), result: z.custom<LoadResult>().optional() });

/** Runs the generator in a process of its own. */
export async function load(spec: LoadSpec): Promise<LoadResult> {
  const running = start([process.execPath, join(root, "bench/load/main.ts")], {
    stdin: JSON.stringify(spec),
  });
  return running.line((text) => (text.startsWith("{") ? line.parse(JSON.parse(text)).result : undefined));
}
