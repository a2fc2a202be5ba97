import { expect, test } from "bun:test";
import { seeded } from "../support/random.ts";
import { Cluster } from "./cluster.ts";
import { faults } from "./faults.ts";
import { steps } from "./steps.ts";
import { walk } from "./walk.ts";

/**
 * A long one: `WALK_ROUNDS=5000 WALK_NODES=3 WALK_SAYS=on bun test ./test/cluster/walk-by-hand.ts`. `TEST_SEED` repeats its plan,
 * `WALK_FAULT=frozen` leaves the faults with that in their name, `WALK_TRACE=/tmp/trace` keeps what everybody was sent.
 */
const rounds = Number(process.env["WALK_ROUNDS"] ?? 120);
const nodes = Number(process.env["WALK_NODES"] ?? 3);
const traceInto = process.env["WALK_TRACE"];
const only = process.env["WALK_FAULT"];

test(
  `${rounds} rounds of eight people on ${nodes} nodes that fail keep every promise`,
  () =>
    seeded(async (random, seed) => {
      const cluster = await Cluster.start({ nodes });
      const say = process.env["WALK_SAYS"] ? (line: string) => console.log(line) : undefined;
      try {
        const names = ["ann", "ben", "cleo", "dora", "emil", "fay", "gil", "hana"];
        const some = only === undefined ? faults : faults.filter(({ name }) => name.includes(only));
        const found = await walk({
          cluster,
          random,
          names,
          rounds,
          steps,
          faults: some,
          traceInto,
          ...(say && { say }),
        });
        if (found.length > 0) console.error(`TEST_SEED=${seed}`, cluster.errors().slice(0, 20).join("\n"));
        expect(found).toEqual([]);
      } finally {
        await cluster.stop();
      }
    }),
  120_000 + rounds * 500,
);
