import { join } from "node:path";
import { z } from "zod";
import type { ProgramSpec, ResultOf } from "./load/programs.ts";
import type { LoadResult, LoadSpec } from "./load/spec.ts";
import { root, type Running, start } from "./processes.ts";

/** A process of the generator at work. */
export interface Generating<R> extends Pick<Running, "pid" | "kill"> {
  /** Resolves when it has come so far; rejects when it ends before. */
  said(progress: string): Promise<void>;
  /** Rejects when it ends without one. */
  result(): Promise<R>;
}

/** Starts the generator in a process of its own. */
export function generate<S extends ProgramSpec>(spec: S): Generating<ResultOf<S>> {
  const line = z.object({ progress: z.string().optional(), result: z.custom<ResultOf<S>>().optional() });
  const running = start([process.execPath, join(root, "bench/load/main.ts")], { stdin: JSON.stringify(spec) });
  const read = (text: string) => (text.startsWith("{") ? line.parse(JSON.parse(text)) : undefined);
  return {
    pid: running.pid,
    kill: running.kill,
    said: async (progress) => {
      await running.line((text) => (read(text)?.progress === progress ? true : undefined));
    },
    result: () => running.line((text) => read(text)?.result),
  };
}

/** Lets rooms talk. */
export function load(spec: LoadSpec): Promise<LoadResult> {
  return generate(spec).result();
}
