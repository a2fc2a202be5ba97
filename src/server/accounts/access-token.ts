import { SignJWT } from "jose";
import { randomBytes, timingSafeEqual } from "node:crypto";
import { z } from "zod";
import { idPattern } from "../../protocol/text.ts";
import type { Actor, Context } from "../context.ts";
import { AppError } from "../platform/app-error.ts";
import { keys } from "./keys.ts";
import { liveSessions } from "./live-sessions.ts";
import { people } from "./people.ts";

const issuer = "parley";
const audience = "parley";
const type = "at+jwt";

/** `{"alg":"HS256","typ":"at+jwt"}`, as jose writes it. */
const header = "eyJhbGciOiJIUzI1NiIsInR5cCI6ImF0K2p3dCJ9";

/** Strict: what we do not write, such as `nbf`, would go unheeded. */
const claims = z.strictObject({
  iss: z.literal(issuer),
  aud: z.literal(audience),
  sub: z.string().regex(idPattern),
  sid: z.string(),
  jti: z.string(),
  iat: z.number(),
  exp: z.number(),
});
type Claims = z.infer<typeof claims>;

/** Who is signed in, and until when. */
export interface SignedIn {
  actor: Actor;
  expiresAtMs: number;
}

/** A token for one session; it lives for `ACCESS_TOKEN_TTL`. */
export async function issueAccessToken(
  ctx: Context,
  session: { userId: string; sessionId: string },
): Promise<{ token: string; expiresAtMs: number }> {
  const issuedAtS = Math.floor(ctx.clock.now() / 1000);
  const expiresAtS = issuedAtS + Math.ceil(ctx.config.accessTokenTtlMs / 1000);
  const token = await new SignJWT({ sid: session.sessionId })
    .setProtectedHeader({ alg: "HS256", typ: type })
    .setIssuer(issuer)
    .setAudience(audience)
    .setSubject(session.userId)
    .setJti(randomBytes(9).toString("base64url"))
    .setIssuedAt(issuedAtS)
    .setExpirationTime(expiresAtS)
    .sign(keys(ctx).accessToken);
  return { token, expiresAtMs: expiresAtS * 1000 };
}

/**
 * Who `token` speaks for. Throws `TOKEN_EXPIRED`, `ACCOUNT_DISABLED`, or `UNAUTHENTICATED` for everything else that is
 * wrong with it, also a session that was ended.
 */
export async function checkAccessToken(ctx: Context, token: string): Promise<SignedIn> {
  const read = readClaims(keys(ctx).accessToken, token);
  if (!read) throw new AppError("UNAUTHENTICATED");
  const expiresAtMs = read.exp * 1000;
  if (expiresAtMs <= ctx.clock.now()) throw new AppError("TOKEN_EXPIRED");
  return { actor: await actorOfSession(ctx, read.sub, read.sid), expiresAtMs };
}

/** The person of a live session. Throws `ACCOUNT_DISABLED`, or `UNAUTHENTICATED` when the session is over. */
export async function actorOfSession(ctx: Context, userId: string, sessionId: string): Promise<Actor> {
  const person = await people(ctx).byId(userId);
  if (!person || person.deleted) throw new AppError("UNAUTHENTICATED");
  if (person.disabled) throw new AppError("ACCOUNT_DISABLED");
  // Asked last: whoever is disabled or deleted meanwhile has no session any more.
  if (!(await liveSessions(ctx).isLive(sessionId, person.key))) throw new AppError("UNAUTHENTICATED");
  return { key: person.key, id: person.id, role: person.role, sessionId };
}

/**
 * What a token of ours says, or `undefined`. There is one kind and one key, so there is nothing to negotiate: the header
 * must be ours to the letter, whatever else it could mean. jose, which can do more, takes 52 µs for it; this one.
 */
function readClaims(key: Uint8Array, token: string): Claims | undefined {
  const parts = /^([\w-]{1,200})\.([\w-]{1,2000})\.([\w-]{43})$/.exec(token);
  if (!parts) return undefined;
  const [, head = "", body = "", signature = ""] = parts;
  const right = new Bun.CryptoHasher("sha256", key).update(`${head}.${body}`).digest();
  if (!timingSafeEqual(right, Buffer.from(signature, "base64url")) || head !== header) return undefined;
  return claims.safeParse(JSON.parse(Buffer.from(body, "base64url").toString())).data;
}
