import { join } from "node:path";
import { temporaryFolder } from "./environment.ts";
import { freePort } from "./free-port.ts";
import { TestRedis } from "./redis.ts";

/** Two members, each with half of the slots. */
export class TestRedisCluster {
  private constructor(readonly members: readonly TestRedis[]) {}

  static async start(): Promise<TestRedisCluster> {
    const members = await Promise.all([startMember(), startMember()] as const);
    const [one, two] = members;
    await one.command("CLUSTER", "ADDSLOTSRANGE", "0", "8191");
    await two.command("CLUSTER", "ADDSLOTSRANGE", "8192", "16383");
    await one.command("CLUSTER", "MEET", "127.0.0.1", String(two.port), String(two.clusterPort));
    for (const member of members) {
      while (!(await member.command("CLUSTER", "INFO")).includes("cluster_state:ok"));
    }
    return new TestRedisCluster(members);
  }

  get url(): string {
    return this.members[0]?.url ?? "";
  }

  async stop(): Promise<void> {
    await Promise.all(this.members.map((member) => member.stop()));
  }
}

async function startMember(): Promise<TestRedis & { clusterPort: number }> {
  const clusterPort = await freePort();
  // Outlives the member, which so comes back as itself.
  const memory = join(temporaryFolder(), "nodes.conf");
  const flags = `--cluster-enabled yes --cluster-node-timeout 1000 --cluster-port ${clusterPort} --cluster-config-file`;
  const redis = await TestRedis.start({ args: [...flags.split(" "), memory] });
  return Object.assign(redis, { clusterPort });
}
