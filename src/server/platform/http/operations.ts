import { Hono } from "hono";
import { createHash, timingSafeEqual } from "node:crypto";
import { atMost } from "../at-most.ts";
import type { Bus } from "../bus/bus.ts";
import type { Database } from "../db/database.ts";
import type { Log } from "../log.ts";
import type { Metrics } from "../metrics.ts";
import { isLoopback } from "./client-address.ts";

interface OperationsOptions {
  db: Pick<Database, "ping">;
  bus: Pick<Bus, "state">;
  metrics: Metrics;
  log: Log;
  metricsToken: string | undefined;
  isDraining: () => boolean;
  /** The peer of the connection itself, whatever it says of others. */
  remoteAddress: (request: Request) => string;
}

const databaseAnswersWithinMs = 2_000;
const forwardingHeaders = ["forwarded", "x-forwarded-for", "x-forwarded-host", "x-forwarded-proto", "x-real-ip", "via"];

const hash = (text: string) => createHash("sha256").update(text).digest();

/** What there is beside this node. Without the first two it is not ready; peers that are missing may be no loss. */
type Part = "database" | "bridge" | "peers";

/** What `/readyz` answers. */
interface Readiness {
  status: "ready" | "draining" | "not ready";
  /** What does not answer, whether it makes a difference or not. */
  missing: { part: Part; message: string }[];
}

const messages: Record<Part, string> = {
  database: "The database does not answer: nothing can be read or stored.",
  bridge: "The bridge (REDIS_URL) does not answer: what happens on other nodes arrives here about a second late.",
  peers: "Another node fell silent without a farewell: it has died, hangs, or cannot reach the bridge.",
};

/**
 * What those who run the server ask: `/healthz`, `/readyz`, `/metrics`. Readiness means that database and bridge answer;
 * `/readyz?need=database` means the database alone, for balancers: without the bridge nothing is lost, while a bridge that
 * takes all nodes out of balance at once would take everybody's server away.
 */
export function operations(options: OperationsOptions): Hono {
  const { metrics, metricsToken, isDraining, remoteAddress } = options;
  const mayReadMetrics = (request: Request) => {
    if (metricsToken !== undefined) {
      // Hashes are of one length, and their comparison takes one time.
      return timingSafeEqual(hash(request.headers.get("authorization") ?? ""), hash(`Bearer ${metricsToken}`));
    }
    const isForwarded = forwardingHeaders.some((name) => request.headers.has(name));
    return !isForwarded && isLoopback(remoteAddress(request));
  };
  const findMissing = missingParts(options);

  return new Hono()
    .get("/healthz", (c) => c.json({ status: "alive" }))
    .get("/readyz", async (c) => {
      const needed = c.req.query("need") === "database" ? (["database"] as const) : (["database", "bridge"] as const);
      const missing = (await findMissing()).map((part) => ({ part, message: messages[part] }));
      const isReady = !missing.some(({ part }) => needed.some((need) => need === part));
      const answer: Readiness = { status: isDraining() ? "draining" : isReady ? "ready" : "not ready", missing };
      return c.json(answer, answer.status === "ready" ? 200 : 503, { "Cache-Control": "no-store" });
    })
    .get("/metrics", async (c, next) => {
      if (!mayReadMetrics(c.req.raw)) return next();
      return c.body(await metrics.registry.metrics(), 200, { "Content-Type": metrics.registry.contentType });
    });
}

/**
 * Looks at each part when asked, which is every few seconds: so only a change is worth a line in the log. Anybody may ask,
 * so those who ask at once cost the database one question.
 */
function missingParts({ db, bus, metrics, log }: OperationsOptions): () => Promise<Part[]> {
  let databaseAnswered = true;
  const askDatabase = async () => {
    let reason: unknown;
    const databaseAnswers = await atMost(databaseAnswersWithinMs, db.ping()).catch((error: unknown) => {
      reason = error;
      return false;
    });
    if (databaseAnswered && !databaseAnswers) log.error("the database does not answer", { error: reason });
    if (!databaseAnswered && databaseAnswers) log.info("the database answers again");
    databaseAnswered = databaseAnswers;
    return databaseAnswers;
  };
  let asking: Promise<boolean> | undefined;
  return async () => {
    asking ??= askDatabase().finally(() => (asking = undefined));
    const missing: Part[] = [];
    if (!(await asking)) missing.push("database");
    if (bus.state === "away") missing.push("bridge");
    const { values } = await metrics.bridgeNodes.get();
    if (values.some(({ labels, value }) => labels.state === "silent" && value > 0)) missing.push("peers");
    return missing;
  };
}
