import { deleteCookie, getCookie, setCookie } from "hono/cookie";
import type { Context } from "../context.ts";
import type { RouteContext } from "../route.ts";

const name = "parley_refresh";

/**
 * The web client keeps its refresh token in a cookie that no script can read. It says so by a header, which a form of
 * another site cannot send.
 */
export function wantsCookie(c: RouteContext): boolean {
  return c.req.header("parley-refresh") === "cookie";
}

export function refreshCookie(c: RouteContext): string | undefined {
  return wantsCookie(c) ? getCookie(c, name) : undefined;
}

function attributes(ctx: Context) {
  return {
    httpOnly: true,
    sameSite: "Strict",
    path: "/api/v1/auth",
    secure: ctx.config.publicUrl?.startsWith("https:") === true || ctx.config.tlsCert !== undefined,
  } as const;
}

export function giveRefreshCookie(ctx: Context, c: RouteContext, refreshToken: string): void {
  setCookie(c, name, refreshToken, { ...attributes(ctx), maxAge: Math.floor(ctx.config.refreshTokenTtlMs / 1000) });
}

export function takeRefreshCookie(ctx: Context, c: RouteContext): void {
  deleteCookie(c, name, attributes(ctx));
}
