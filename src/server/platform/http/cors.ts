import type { MiddlewareHandler } from "hono";
import { AppError } from "../app-error.ts";
import type { OriginCheck } from "./origins.ts";

const methods = "GET, POST, PUT, PATCH, DELETE";
const requestHeaders = "Authorization, Content-Type, Accept-Language, Parley-Refresh";
const responseHeaders = "X-Request-Id, Retry-After";
const preflightS = "600";

/**
 * Lets pages of listed origins read answers, and those alone. `cookieRoutes` are the only ones that a browser may send
 * cookies to from there; a request to them with a cookie, from a page that is not listed, is refused (forgery).
 */
export function cors(origins: OriginCheck, cookieRoutes: string): MiddlewareHandler {
  return async (c, next) => {
    const takesCookies = c.req.path.startsWith(cookieRoutes);
    if (takesCookies && c.req.header("cookie") !== undefined && !origins.isAllowed(c.req.raw.headers)) {
      throw new AppError("FORBIDDEN");
    }
    const origin = c.req.header("origin");
    const isListed = origin !== undefined && origins.isListed(origin);
    const isPreflight = c.req.method === "OPTIONS" && c.req.header("access-control-request-method") !== undefined;
    if (isPreflight && isListed) c.res = new Response(null, { status: 204 });
    else await next();
    if (!isListed) return;
    c.header("Access-Control-Allow-Origin", origin);
    c.header("Vary", "Origin", { append: true });
    if (takesCookies) c.header("Access-Control-Allow-Credentials", "true");
    if (!isPreflight) {
      c.header("Access-Control-Expose-Headers", responseHeaders);
      return;
    }
    c.header("Access-Control-Allow-Methods", methods);
    c.header("Access-Control-Allow-Headers", requestHeaders);
    c.header("Access-Control-Max-Age", preflightS);
  };
}
