import { program } from "../support/server-process.ts";
import type { Cluster, Node, Service } from "./cluster.ts";
import type { Draw } from "./steps.ts";

/** Something that goes wrong for a while. */
export interface Fault {
  readonly name: string;
  readonly weight: number;
  /** Begins it; the result ends it, and resolves when what was hurt works again by itself. */
  begin(cluster: Cluster, draw: Draw): Promise<() => Promise<void>>;
}

/** On one node, of which another is left. */
function toNode(name: string, weight: number, begin: (node: Node, draw: Draw) => Promise<() => Promise<void>>): Fault {
  return {
    name,
    weight,
    async begin(cluster, draw) {
      const node = draw.of(cluster.nodes);
      if (!node) throw new Error("there are no nodes");
      return begin(node, draw);
    },
  };
}

export const faults: readonly Fault[] = [
  toNode("a node is killed", 3, async (node) => {
    node.inService = false;
    await node.process.kill();
    return async () => {
      await node.process.start();
      node.inService = true;
    };
  }),
  toNode("a node is replaced in order", 2, async (node) => {
    node.inService = false;
    node.process.signal("SIGTERM");
    return async () => {
      await node.process.exited;
      node.process.command = program;
      await node.process.start();
      node.inService = true;
    };
  }),
  toNode("a node is frozen", 3, async (node) => {
    node.inService = false;
    node.process.freeze();
    return async () => {
      node.process.thaw();
      node.inService = true;
    };
  }),
  toNode("a node is cut off the bridge", 4, async ({ toBridge }) => {
    toBridge.cut();
    return async () => toBridge.restore();
  }),
  toNode("a node's bridge falls silent", 3, async ({ toBridge }) => {
    toBridge.silence();
    return async () => {
      // What was swallowed is gone from the middle of a stream: these connections are never whole again.
      toBridge.cut();
      toBridge.restore();
    };
  }),
  toNode("a node's bridge is slow", 2, async ({ toBridge }, draw) => {
    toBridge.delay(20 + draw.number(200));
    return async () => toBridge.delay(0);
  }),
  toNode("a node's database is slow", 3, async ({ toDatabase }, draw) => {
    toDatabase.delay(5 + draw.number(40));
    return async () => toDatabase.delay(0);
  }),
  toNode("a node is cut off the database", 2, async ({ toDatabase }) => {
    toDatabase.cut();
    return async () => toDatabase.restore();
  }),
  ...([["bridge"], ["database"], ["bridge", "database"]] satisfies Service[][]).map((from) =>
    toNode(`a node is parted from ${from.join(" and ")}`, 2, async (node) => {
      node.part(from);
      return async () => node.rejoin();
    }),
  ),
  {
    name: "the bridge is killed",
    weight: 3,
    async begin({ redis }) {
      await redis.kill();
      return () => redis.restart();
    },
  },
  {
    name: "the bridge is frozen",
    weight: 3,
    async begin({ redis }) {
      redis.freeze();
      return async () => redis.thaw();
    },
  },
  {
    name: "the bridge puts its listeners out",
    weight: 3,
    async begin({ redis }) {
      await redis.command("CLIENT", "KILL", "TYPE", "pubsub");
      return async () => {};
    },
  },
  {
    name: "the database ends every session",
    weight: 2,
    async begin({ postgres }) {
      await postgres.administer(
        (sql) => sql`SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid()`,
      );
      return async () => {};
    },
  },
  {
    name: "the database crashes",
    weight: 1,
    async begin({ postgres }) {
      await postgres.halt("crash");
      return () => postgres.run();
    },
  },
  {
    name: "everybody's connection is lost",
    weight: 2,
    async begin({ balancer }) {
      balancer.cut();
      balancer.restore();
      return async () => {};
    },
  },
];
