import { systemClock } from "../../src/server/platform/clock.ts";
import { createMetrics } from "../../src/server/platform/metrics.ts";
import { named } from "../../src/server/platform/log.ts";
import type { BusState } from "../../src/server/platform/bus/bus.ts";
import { RedisBus, type RedisBusOptions } from "../../src/server/platform/bus/redis/redis-bus.ts";

type BridgeOptions = Pick<RedisBusOptions, "url" | "nodeId" | "prefix"> & Partial<RedisBusOptions>;

/** A node's end of the bus over the bridge at `url`; nodes meet by their `prefix`. */
export function joinBridge(options: BridgeOptions): Promise<RedisBus> {
  return RedisBus.open({
    isSharded: false,
    epoch: "0192aaaa-0000-7000-8000-000000000000",
    identity: { secretProof: "the same", version: "1.0.0" },
    clock: systemClock,
    log: named("bridge"),
    metrics: createMetrics(),
    onMisfit: () => {},
    onStranger: () => {},
    ...options,
  });
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
