import { type Clock, systemClock } from "../../src/server/platform/clock.ts";
import { createMetrics } from "../../src/server/platform/metrics.ts";
import { named } from "../../src/server/platform/log.ts";
import type { Bus, BusState, Shared } from "../../src/server/platform/bus/bus.ts";
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

/** The same bus, whose bridge counts time by a test's clock where its scripts ask for it. */
export function onClock(bus: RedisBus, clock: Clock): Bus {
  const now = () => `{ ${Math.floor(clock.now() / 1_000)}, ${(clock.now() % 1_000) * 1_000} }`;
  const shared: Shared = {
    run: ({ name, lua }, keys, args) =>
      bus.shared.run({ name, lua: lua.replace("redis.call('TIME')", now) }, keys, args),
  };
  return new Proxy(bus, {
    get: (target, name) => {
      const member: unknown = name === "shared" ? shared : Reflect.get(target, name, target);
      return typeof member === "function" ? member.bind(target) : member;
    },
  });
}
