import { families, pssBytes } from "./load/proc.ts";
import type { LoadResult, LoadSpec } from "./load/spec.ts";
import { generate } from "./load.ts";
import { parley } from "./peer.ts";
import type { WorldPlan } from "./world-plan.ts";

export interface Observed {
  result: LoadResult;
  /** Proportional set size of the server's processes; `atS` counts from the first message. */
  memory: { atS: number; bytes: number }[];
}

const lookEveryMs = 500;

/** Lets rooms talk on a new Parley, and watches its memory meanwhile. */
export async function observe(
  plan: WorldPlan,
  work: Omit<LoadSpec, "wire" | "url" | "seats" | "pids" | "clients">,
): Promise<Observed> {
  const { url, seats, pids, stop } = await parley.start(plan);
  try {
    const talking = generate({ ...work, wire: parley.wire, url, seats, pids, clients: plan.people });
    await talking.said(`${plan.people} clients are ready`);
    const startMs = performance.now();
    const memory: Observed["memory"] = [];
    const timer = setInterval(() => {
      memory.push({ atS: (performance.now() - startMs) / 1_000, bytes: pssBytes(families(pids)) });
    }, lookEveryMs);
    try {
      return { result: await talking.result(), memory };
    } finally {
      clearInterval(timer);
    }
  } finally {
    await stop();
  }
}

export const mega = 1024 * 1024;

/** The most memory in a stretch of time. */
export function peakBytes(memory: Observed["memory"], fromS = 0, toS = Infinity): number {
  return Math.max(0, ...memory.filter(({ atS }) => atS >= fromS && atS < toS).map(({ bytes }) => bytes));
}
