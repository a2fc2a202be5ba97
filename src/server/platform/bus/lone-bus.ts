import type { Bus } from "./bus.ts";

/** The bus of the only node there is: it has nobody to carry anything to, and so remembers nothing. */
export function loneBus(nodeId: string): Bus {
  return {
    nodeId,
    mayHaveOthers: false,
    isAlone: true,
    state: "alone",
    isSilent: false,
    neighbours: () => [],
    shared: undefined,
    publish() {},
    carried: () => undefined,
    subscribe: () => () => {},
    onState: () => () => {},
    onSilence: () => () => {},
    onDropped: () => () => {},
    close: async () => {},
  };
}
