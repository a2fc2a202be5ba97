import type { Config } from "../server/config.ts";
import { kindOf } from "../server/database-url.ts";
import { inspectBridge } from "../server/platform/bus/redis/inspect.ts";
import { inspectPostgresServer, type PostgresFacts } from "../server/platform/db/inspect-postgres.ts";
import { oldestVersion } from "../server/platform/db/postgres/prepare.ts";
import { compareClocks, failed, type Finding, ok, type Verdict, warning } from "./finding.ts";
import { oneLine } from "./terminal.ts";

/** Beyond, a message waits longer for the services than for anything of ours. */
const slowMs = 20;
const replicaBehindBytes = 16e6;
/** What commits promise is kept by these alone. */
const durableCommits = ["on", "local", "remote_write", "remote_apply"];

/** Postgres, where the configuration names one: what it is, its clock, and our rights there. */
export async function examinePostgres(config: Config, now: () => number): Promise<Finding[]> {
  const { databaseUrl, databaseReplicaUrl, databasePool } = config;
  if (kindOf(databaseUrl) !== "postgres") return [];
  let facts: PostgresFacts;
  try {
    facts = await inspectPostgresServer(databaseUrl, now);
  } catch (error) {
    return [{ check: "database server", ...failed(oneLine(error)) }];
  }
  const verdicts: Record<string, Verdict> = {
    "database server": serverVerdict(facts),
    "database rights": rightsVerdict(facts),
    "database durability": durabilityVerdict(facts),
    "database connections": connectionsVerdict(facts, databasePool),
    "database clock": compareClocks("the database's clock", facts.clockAheadMs),
    ...(databaseReplicaUrl !== undefined && { "database replica": await replicaVerdict(databaseReplicaUrl, facts) }),
  };
  return Object.entries(verdicts).map(([check, verdict]) => ({ check, ...verdict }));
}

function serverVerdict({ version, encoding, tripMs }: PostgresFacts): Verdict {
  if (version < oldestVersion) return failed(`Postgres ${version} is too old: ${oldestVersion} or newer is needed`);
  if (encoding !== "UTF8") return failed(`its encoding is ${encoding}: make a database with ENCODING 'UTF8'`);
  const message = `Postgres ${version} answers in ${tripMs.toFixed(1)} ms`;
  return tripMs > slowMs ? warning(`${message}: nodes belong beside their database`) : ok(message);
}

function rightsVerdict({ isReplica, isReadOnly, mayCreate }: PostgresFacts): Verdict {
  if (isReplica) return failed("DATABASE_URL leads to a replica, which takes no writes: name the primary");
  if (isReadOnly) return failed("the database is set to be read only (default_transaction_read_only)");
  if (!mayCreate) return failed("the user may not make tables: GRANT CREATE ON SCHEMA public, or make it the owner");
  return ok("may read, write and migrate");
}

function durabilityVerdict({ fsync, fullPageWrites, synchronousCommit }: PostgresFacts): Verdict {
  if (!fsync) return failed("fsync is off: a power cut takes acknowledged messages, or the whole database");
  if (!fullPageWrites) return warning("full_page_writes is off: a power cut may damage the database");
  if (!durableCommits.includes(synchronousCommit)) {
    return warning(`synchronous_commit is ${synchronousCommit}: a crash of Postgres takes acknowledged messages`);
  }
  return ok("what is committed is on disk");
}

function connectionsVerdict({ connectionsMax, connectionsOfOthers }: PostgresFacts, pool: number): Verdict {
  const left = connectionsMax - connectionsOfOthers;
  const nodes = Math.floor(left / pool);
  const message = `${left} of ${connectionsMax} are left to nodes that open ${pool} each`;
  if (nodes < 1) return failed(`${message}: raise max_connections, or lower DATABASE_POOL`);
  return nodes < 2 ? warning(`${message}: not enough for a second one`) : ok(`${message}: enough for ${nodes}`);
}

/** It is asked after the primary, so what it has yet to get is never below what it would take. */
async function replicaVerdict(url: string, primary: PostgresFacts): Promise<Verdict> {
  try {
    const replica = await inspectPostgresServer(url);
    if (replica.epoch !== null && replica.epoch !== primary.epoch) {
      return failed("DATABASE_REPLICA_URL leads to a replica of another database");
    }
    if (!replica.isReplica) return failed("DATABASE_REPLICA_URL leads to no replica: it takes writes");
    const behind = Math.max(0, primary.writtenBytes - replica.writtenBytes);
    const message = `answers in ${replica.tripMs.toFixed(1)} ms, ${(behind / 1e6).toFixed(1)} MB behind`;
    return behind > replicaBehindBytes ? warning(`${message}: until it has caught up it is not used`) : ok(message);
  } catch (error) {
    return warning(`the replica does not answer, and the primary reads for it: ${oneLine(error)}`);
  }
}

/** The bridge: whether it does what a node asks of it all the time. */
export async function examineBridge(
  { redisUrl, redisSharded, databaseUrl }: Config,
  now: () => number,
): Promise<Finding[]> {
  if (redisUrl === undefined) return [{ check: "bridge", ...ok("no REDIS_URL: this node is alone") }];
  if (kindOf(databaseUrl) !== "postgres") {
    const why = "REDIS_URL joins several nodes, and those need one database: set DATABASE_URL to postgres://…";
    return [{ check: "bridge", ...failed(why) }];
  }
  try {
    const { name, tripMs, clockAheadMs, evicts } = await inspectBridge({ url: redisUrl, isSharded: redisSharded }, now);
    const message = `${name} carries a message in ${tripMs.toFixed(1)} ms`;
    const findings: Finding[] = [
      { check: "bridge", ...(tripMs > slowMs ? warning(`${message}: nodes belong beside it`) : ok(message)) },
      { check: "bridge rights", ...ok("may publish, subscribe, run scripts and keep values") },
    ];
    if (evicts === "noeviction") {
      const why = "when its memory is full it takes nothing more: set maxmemory-policy volatile-ttl";
      findings.push({ check: "bridge memory", ...warning(why) });
    }
    if (clockAheadMs !== undefined) {
      findings.push({ check: "bridge clock", ...compareClocks("the bridge's clock", clockAheadMs) });
    }
    return findings;
  } catch (error) {
    return [{ check: "bridge", ...failed(oneLine(error)) }];
  }
}
