import type { Bus } from "../../src/server/platform/bus/bus.ts";

/** What becomes of a message on its way to a node: nothing, or when it arrives (`0`: as ever). */
export interface Fate {
  /** How many milliseconds it is late; `null`: it is lost. */
  of(channel: string, message: string): number | null;
}

/** A node's end of a bus on which not everything arrives, and not in order. */
export function unrulyBus(bus: Bus, fate: Fate): Bus {
  const unruly: Bus = Object.create(bus, {
    subscribe: {
      value: (channel: string, listener: (message: string, from: string) => void, onLive?: () => void) =>
        bus.subscribe(
          channel,
          (message, from) => {
            const lateMs = fate.of(channel, message);
            if (lateMs === 0) listener(message, from);
            else if (lateMs !== null) setTimeout(() => listener(message, from), lateMs);
          },
          onLive,
        ),
    },
  });
  return unruly;
}
