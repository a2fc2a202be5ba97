import { createHmac, timingSafeEqual } from "node:crypto";
import type { Context } from "../context.ts";
import { keys } from "./keys.ts";

/** Which turn of which session a refresh token stands for. */
interface RefreshClaims {
  sessionId: string;
  generation: number;
}

function seal(ctx: Context, signed: string): Buffer {
  return createHmac("sha256", keys(ctx).refreshToken).update(signed).digest();
}

/** The refresh token of a session's turn. It is derived, so the same turn always has the same token and none is stored. */
export function refreshTokenOf(ctx: Context, { sessionId, generation }: RefreshClaims): string {
  const signed = `${sessionId}.${generation}`;
  return `${signed}.${seal(ctx, signed).toString("base64url")}`;
}

/** What `token` stands for; `undefined` when we have not made it. */
export function readRefreshToken(ctx: Context, token: string): RefreshClaims | undefined {
  const [, signed, sessionId, generation, mac] = /^(([0-9a-f-]{36})\.(\d{1,9}))\.([\w-]{43})$/.exec(token) ?? [];
  if (signed === undefined || sessionId === undefined || mac === undefined) return undefined;
  const given = Buffer.from(mac, "base64url");
  const expected = seal(ctx, signed);
  if (given.length !== expected.length || !timingSafeEqual(given, expected)) return undefined;
  return { sessionId, generation: Number(generation) };
}
