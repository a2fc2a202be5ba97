import { Hono } from "hono";
import { createHash, timingSafeEqual } from "node:crypto";
import { atMost } from "../at-most.ts";
import type { Database } from "../db/database.ts";
import type { Log } from "../log.ts";
import type { Metrics } from "../metrics.ts";
import { isLoopback } from "./client-address.ts";

interface OperationsOptions {
  db: Database;
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

/** What those who run the server ask: `/healthz`, `/readyz`, `/metrics`. */
export function operations({ db, metrics, log, metricsToken, isDraining, remoteAddress }: OperationsOptions): Hono {
  const mayReadMetrics = (request: Request) => {
    if (metricsToken !== undefined) {
      // Hashes are of one length, and their comparison takes one time.
      return timingSafeEqual(hash(request.headers.get("authorization") ?? ""), hash(`Bearer ${metricsToken}`));
    }
    const isForwarded = forwardingHeaders.some((name) => request.headers.has(name));
    return !isForwarded && isLoopback(remoteAddress(request));
  };
  let isReady = true;
  const databaseAnswers = async () => {
    const wasReady = isReady;
    let reason: unknown;
    isReady = await atMost(databaseAnswersWithinMs, db.ping()).catch((error: unknown) => {
      reason = error;
      return false;
    });
    // Asked every few seconds: only the change is worth a line.
    if (wasReady && !isReady) log.error("the database does not answer", { error: reason });
    return isReady;
  };

  return new Hono()
    .get("/healthz", (c) => c.json({ status: "alive" }))
    .get("/readyz", async (c) => {
      if (isDraining()) return c.json({ status: "draining" }, 503);
      return (await databaseAnswers()) ? c.json({ status: "ready" }) : c.json({ status: "no database" }, 503);
    })
    .get("/metrics", async (c, next) => {
      if (!mayReadMetrics(c.req.raw)) return next();
      return c.body(await metrics.registry.metrics(), 200, { "Content-Type": metrics.registry.contentType });
    });
}
