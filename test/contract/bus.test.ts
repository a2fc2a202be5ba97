import { LocalBroker } from "../../src/server/platform/bus/local-bus.ts";
import { holdsTheBusContract } from "./bus.ts";

holdsTheBusContract("inside one process", async () => {
  const broker = new LocalBroker();
  return { join: async (nodeId) => broker.join(nodeId), stop: async () => {} };
});
