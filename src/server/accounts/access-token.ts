import { errors as jose, jwtVerify, SignJWT } from "jose";
import { createHash, randomBytes } from "node:crypto";
import { idPattern } from "../../protocol/text.ts";
import { perContext, type Actor, type Context } from "../context.ts";
import { AppError } from "../platform/app-error.ts";
import { RecentMap } from "../platform/cache/recent-map.ts";
import { keys } from "./keys.ts";
import { liveSessions } from "./live-sessions.ts";
import { people } from "./people.ts";

const issuer = "parley";
const audience = "parley";
const type = "at+jwt";

interface Claims {
  userId: string;
  sessionId: string;
  expiresAtMs: number;
}

/** Who is signed in, and until when. */
export interface SignedIn {
  actor: Actor;
  expiresAtMs: number;
}

/** About 0.3 KB each: enough for everybody who asks over HTTP at a time. */
const verifiedMax = 4_000;

/**
 * Tokens whose signature was checked lately, by their SHA-256: jose needs 70 µs, this one. Only the signature is
 * remembered; whether the session lives is asked every time.
 */
const verified = perContext(() => new RecentMap<string, Claims>(verifiedMax));

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
  const { userId, sessionId, expiresAtMs } = await readClaims(ctx, token);
  return { actor: await actorOfSession(ctx, userId, sessionId), expiresAtMs };
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

async function readClaims(ctx: Context, token: string): Promise<Claims> {
  const hash = createHash("sha256").update(token).digest("base64url");
  const known = verified(ctx).get(hash);
  if (known) {
    if (known.expiresAtMs > ctx.clock.now()) return known;
    verified(ctx).delete(hash);
    throw new AppError("TOKEN_EXPIRED");
  }
  const claims = await verify(ctx, token);
  verified(ctx).set(hash, claims);
  return claims;
}

async function verify(ctx: Context, token: string): Promise<Claims> {
  try {
    const { payload } = await jwtVerify(token, keys(ctx).accessToken, {
      algorithms: ["HS256"],
      issuer,
      audience,
      typ: type,
      requiredClaims: ["sub", "sid", "exp"],
      currentDate: new Date(ctx.clock.now()),
    });
    const { sub, sid, exp } = payload;
    if (sub === undefined || !idPattern.test(sub) || typeof sid !== "string" || exp === undefined) {
      throw new AppError("UNAUTHENTICATED");
    }
    return { userId: sub, sessionId: sid, expiresAtMs: exp * 1000 };
  } catch (error) {
    if (error instanceof jose.JWTExpired) throw new AppError("TOKEN_EXPIRED");
    if (error instanceof jose.JOSEError) throw new AppError("UNAUTHENTICATED");
    throw error;
  }
}
