import { createHmac } from "node:crypto";
import type { Config } from "./config.ts";
import type { Bus } from "./platform/bus/bus.ts";
import { loneBus } from "./platform/bus/lone-bus.ts";
import type { Clock } from "./platform/clock.ts";
import type { Log } from "./platform/log.ts";
import type { Metrics } from "./platform/metrics.ts";
import { StartError } from "./platform/start-error.ts";
import { version } from "./version.ts";

interface BusNeeds {
  epoch: string;
  secret: Uint8Array;
  clock: Clock;
  log: Log;
  metrics: Metrics;
  fatal: (error: Error) => void;
  /** What the database says now of its history. */
  storedEpoch: () => Promise<string | undefined>;
}

/** Several nodes have one database, which all of them reach. Throws `StartError`. */
export function demandSharedDatabase({ redisUrl, databaseUrl }: Config): void {
  if (redisUrl === undefined || databaseUrl.startsWith("postgres")) return;
  throw new StartError(
    "REDIS_URL joins several nodes, and those need one database: set DATABASE_URL to postgres://…, or unset REDIS_URL",
  );
}

/** The bus of this node: alone, or over the bridge that `REDIS_URL` names. Throws `StartError`. */
export async function openBus({ redisUrl, redisSharded }: Config, needs: BusNeeds): Promise<Bus> {
  const { epoch, secret, clock, log, metrics, fatal } = needs;
  const nodeId = Bun.randomUUIDv7();
  if (redisUrl === undefined) {
    metrics.bridgeState.set({ state: "alone" }, 1);
    return loneBus(nodeId);
  }
  const couldNotAsk = (error: unknown) => log.error("the database could not be asked for its epoch", { error });
  // 4 MB of the heap, nearly all of it the driver's, that a node by itself does without.
  const { RedisBus } = await import("./platform/bus/redis/redis-bus.ts");
  return RedisBus.open({
    url: redisUrl,
    isSharded: redisSharded,
    nodeId,
    // Installations that share a bridge are kept apart by the histories of their databases.
    prefix: `parley:${epoch.replaceAll("-", "").slice(-12)}:`,
    epoch,
    identity: { secretProof: proofOf(secret, epoch), version },
    clock,
    log,
    metrics,
    onMisfit: fatal,
    onStranger: (other) => void meetStranger(other, needs).catch(couldNotAsk),
  });
}

/** The same for the same secret; from it, nobody learns the secret. */
function proofOf(secret: Uint8Array, epoch: string): string {
  return createHmac("sha256", secret).update(`nodes of ${epoch}`).digest("base64url").slice(0, 16);
}

/** Another history is on the bridge: of another installation, or of this one, restored while this node ran. */
async function meetStranger(other: string, { epoch, storedEpoch, log, fatal }: BusNeeds): Promise<void> {
  if ((await storedEpoch()) === epoch) {
    log.warn(
      "another installation with another database uses this bridge; if it should be this one, give both the same DATABASE_URL",
      { epoch, other_epoch: other },
    );
  } else fatal(new Error("the database was replaced while this node ran: it has to start again"));
}
