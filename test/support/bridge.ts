import { createMetrics } from "../../src/server/platform/metrics.ts";
import { named } from "../../src/server/platform/log.ts";
import type { BusState } from "../../src/server/platform/bus/bus.ts";
import { RedisBus } from "../../src/server/platform/bus/redis/redis-bus.ts";

/** A node's end of the bus over the bridge at `url`; nodes meet by their `prefix`. */
export function joinBridge(url: string, nodeId: string, prefix: string): Promise<RedisBus> {
  return RedisBus.open({ url, nodeId, prefix, log: named("bridge"), metrics: createMetrics() });
}

/** Resolves when the bus is, or next says that it is, in this state. */
export async function reaches(bus: RedisBus, state: BusState): Promise<void> {
  if (bus.state === state) return;
  await says(bus, state);
}

/** Resolves when the bus next says that it is in this state. */
export async function says(bus: RedisBus, state: BusState): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const end = bus.onState((now) => {
    if (now === state) resolve();
  });
  await promise;
  end();
}
