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
/**
 * A node that does not know yet that it is deaf answers for some seconds from what it remembers of blocks and presence
 * (`docs/decisions.md`); a client that asked just then may hold that until it comes back. Left to long walks; messages
 * under the same faults are played in `plays.test.ts`.
 */
const isUnnoticed = (name: string) => /silent|frozen/.test(name);
const played = faults.filter(({ name }) => name.includes(WALK_FAULT));
const some = WALK_ROUNDS === undefined ? played.filter(({ name }) => !isUnnoticed(name)) : played;

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
          faults: some,
          // What is told people alone has no number, and may still be missed: held against a newcomer's in long walks.
          isStrict: WALK_ROUNDS !== undefined,
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
