import type { MiddlewareHandler } from "hono";
import { AppError } from "../platform/app-error.ts";
import type { Context } from "../context.ts";
import type { HttpEnv } from "../route.ts";
import { checkAccessToken } from "./access-token.ts";

/** The token of an `Authorization: Bearer …` header. Throws `UNAUTHENTICATED` when it is anything else. */
export function bearerToken(header: string): string {
  const token = /^Bearer +([\x21-\x7e]{1,4096})$/i.exec(header)?.[1];
  if (token === undefined) throw new AppError("UNAUTHENTICATED");
  return token;
}

/**
 * Finds out who asks and sets `viewer`: the actor of the access token; without one `null` where guests are on, else
 * `undefined`. A bad token is refused here. `/auth/refresh` carries a refresh token, which its verb reads.
 */
export function authenticate(ctx: Context): MiddlewareHandler<HttpEnv> {
  return async (c, next) => {
    const header = c.req.header("authorization");
    const isRefresh = c.req.path.endsWith("/auth/refresh");
    if (header === undefined || isRefresh) c.set("viewer", ctx.config.guests ? null : undefined);
    else c.set("viewer", (await checkAccessToken(ctx, bearerToken(header))).actor);
    await next();
  };
}
