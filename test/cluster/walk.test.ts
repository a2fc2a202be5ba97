import { expect, test } from "bun:test";
import { seeded } from "../support/random.ts";
import { Cluster } from "./cluster.ts";
import { faults } from "./faults.ts";
import { steps } from "./steps.ts";
import { walk } from "./walk.ts";

/*
 * A long one: `WALK_ROUNDS=5000 WALK_NODES=3 WALK_SAYS=on bun test test/cluster/walk.test.ts`. `TEST_SEED` repeats its plan,
 * `WALK_FAULT=frozen` leaves the faults with that in their name, `WALK_TRACE=/tmp/trace` keeps what everybody was sent.
 * `WALK_EARLIER=/path/to/parley`, the binary of an earlier version: all nodes begin as that, and are this one from the time
 * that they are replaced in order.
 */
const { WALK_ROUNDS, WALK_NODES, WALK_FAULT = "", WALK_TRACE, WALK_SAYS, WALK_EARLIER } = process.env;
const rounds = Number(WALK_ROUNDS ?? 40);
const nodes = Number(WALK_NODES ?? 2);
const played = faults.filter(({ name }) => name.includes(WALK_FAULT));

test(
  `${rounds} rounds of eight people on ${nodes} nodes that fail keep every promise`,
  () =>
    seeded(async (random) => {
      const cluster = await Cluster.start({ nodes, earlier: WALK_EARLIER });
      try {
        const found = await walk({
          cluster,
          random,
          names: ["ann", "ben", "cleo", "dora", "emil", "fay", "gil", "hana"],
          rounds,
          steps,
          faults: played,
          traceInto: WALK_TRACE,
          ...(WALK_SAYS && { say: console.log }),
        });
        if (found.length > 0) console.error(cluster.errors().slice(0, 20).join("\n"));
        expect(found).toEqual([]);
      } finally {
        await cluster.stop();
      }
    }),
  240_000 + rounds * 500,
);
