import type { MiddlewareHandler } from "hono";
import { negotiateLanguage, type Language } from "../../../protocol/languages.ts";
import type { Log } from "../log.ts";
import type { Metrics } from "../metrics.ts";

interface ScopeOptions {
  log: Log;
  metrics: Pick<Metrics, "httpRequests">;
  addressOf: (request: Request) => string;
}

interface ScopeEnv {
  Variables: { requestId: string; language: Language; address: string };
}

const methods = new Set(["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]);

/** Gives every request its id, language and address; then counts it and writes its line, without its query. */
export function requestScope({ log, metrics, addressOf }: ScopeOptions): MiddlewareHandler<ScopeEnv> {
  return async (c, next) => {
    const startedMs = performance.now();
    const requestId = Bun.randomUUIDv7();
    const address = addressOf(c.req.raw);
    c.set("requestId", requestId);
    c.set("language", negotiateLanguage(c.req.header("accept-language")));
    c.set("address", address);
    await next();
    c.header("X-Request-Id", requestId);
    const { method, path } = c.req;
    const { status } = c.res;
    metrics.httpRequests.inc({ method: methods.has(method) ? method : "other", status });
    const fields = {
      request_id: requestId,
      method,
      path,
      status,
      ms: Math.round((performance.now() - startedMs) * 10) / 10,
      address,
    };
    if (path.startsWith("/api/")) log.info("request", fields);
    else log.debug("request", fields);
  };
}
