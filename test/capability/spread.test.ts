import { expect, test } from "bun:test";
import { join } from "node:path";
import { nodesLack } from "../support/nodes.ts";

/** Of what people do, that which comes to most of the others. */
const suites = ["messages", "directs", "friends", "mentions", "rooms-members"];
const folder = import.meta.dir;

/** All of them, and behind nginx: `TEST_NODES=2 TEST_BALANCER=nginx bun test --timeout 30000 test/capability -t "on Postgres"`. */
test.skipIf(nodesLack !== undefined)(
  "suites that know nothing of nodes hold on two, each connection on either at random",
  async () => {
    const files = suites.map((name) => join(folder, `${name}.test.ts`));
    // What a node tells another takes a moment (G5), for which suites made for one do not wait: who met it is tried again.
    const child = Bun.spawn(
      [process.execPath, "test", "--timeout", "30000", "--retry=2", ...files, "-t", "on Postgres"],
      {
        cwd: join(folder, "../.."),
        env: { ...process.env, TEST_NODES: "2" },
        stdin: "ignore",
        stdout: "ignore",
        stderr: "pipe",
      },
    );
    const said = await new Response(child.stderr).text();
    const failed = said.split("\n").filter((line) => line.startsWith("(fail)"));
    expect({ failed, code: await child.exited }, said.slice(-4_000)).toEqual({ failed: [], code: 0 });
    expect(Number(/^ *(\d+) pass$/m.exec(said)?.[1])).toBeGreaterThan(50);
  },
  120_000,
);
