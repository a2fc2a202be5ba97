import type { Credentials } from "../../protocol/models.ts";
import type { Context } from "../context.ts";
import { wireTime } from "../platform/clock.ts";
import type { Queries } from "../platform/db/database.ts";
import { issueAccessToken } from "./access-token.ts";
import type { Device } from "./device.ts";
import { refreshTokenOf } from "./refresh-token.ts";
import { insertSession } from "./session-store.ts";

/** What a sign-in gives; routes put the refresh token into the body or the cookie. */
export type IssuedCredentials = Credentials & { refresh_token: string };

/** Starts a session for a person on a device; gives its id. */
export async function openSession(ctx: Context, tx: Queries, userKey: number, device: Device): Promise<string> {
  const id = Bun.randomUUIDv7();
  const now = ctx.clock.now();
  await insertSession(ctx, tx, {
    id,
    user_key: userKey,
    device_name: device.name,
    ip: device.address,
    generation: 0,
    rotated_at: now,
    created_at: now,
    last_used_at: now,
    expires_at: now + ctx.config.refreshTokenTtlMs,
  });
  return id;
}

/** The tokens of a session at `generation`. */
export async function issueCredentials(
  ctx: Context,
  { userId, sessionId, generation }: { userId: string; sessionId: string; generation: number },
): Promise<IssuedCredentials> {
  const { token, expiresAtMs } = await issueAccessToken(ctx, { userId, sessionId });
  return {
    token,
    expires_at: wireTime(expiresAtMs),
    refresh_token: refreshTokenOf(ctx, { sessionId, generation }),
  };
}
