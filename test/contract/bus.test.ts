import { expect, test } from "bun:test";
import { LocalBroker } from "../../src/server/platform/bus/local-bus.ts";
import { holdsTheBusContract } from "./bus.ts";

holdsTheBusContract("inside one process", async () => {
  const broker = new LocalBroker();
  return { join: async (nodeId) => broker.join(nodeId), stop: async () => {} };
});

test("inside one process, a node without others is alone, and again when they have gone", async () => {
  const broker = new LocalBroker();
  const one = broker.join("one");
  expect(one.isAlone).toBe(true);
  const two = broker.join("two");
  expect(one.isAlone).toBe(false);
  await two.close();
  expect(one.isAlone).toBe(true);
});
