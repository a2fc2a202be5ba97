import { and, eq, gt } from "drizzle-orm";
import { createHash, randomBytes } from "node:crypto";
import type { Context } from "../context.ts";
import type { Queries, Tables } from "../platform/db/database.ts";

type Row = Tables["one_time_tokens"]["$inferSelect"];
export type OneTimeKind = Row["kind"];

/** What a one-time token stands for. */
export interface OneTimeToken {
  kind: OneTimeKind;
  userKey?: number;
  sessionId?: string;
  email?: string;
  expiresAtMs: number;
}

/** 256 random bits for a link or a ticket. */
export function randomToken(): string {
  return randomBytes(32).toString("base64url");
}

/** What is stored of a token: it is random, so one fast hash is enough, and a stolen database opens nothing. */
function hashOf(token: string): string {
  return createHash("sha256").update(token).digest("base64url");
}

/** Stores the hash of `token`, to be redeemed once. */
export async function storeOneTimeToken(
  { db }: Context,
  tx: Queries,
  token: string,
  { kind, userKey, sessionId, email, expiresAtMs }: OneTimeToken,
): Promise<void> {
  await tx.insert(db.tables.one_time_tokens).values({
    hash: hashOf(token),
    kind,
    user_key: userKey ?? null,
    session_id: sessionId ?? null,
    email: email ?? null,
    expires_at: expiresAtMs,
  });
}

/** The token without using it up; `undefined` when it is unknown, used, expired or of another kind. */
export async function findOneTimeToken({ db, clock }: Context, kind: OneTimeKind, token: string) {
  const tokens = db.tables.one_time_tokens;
  const [row] = await db.read
    .select()
    .from(tokens)
    .where(and(eq(tokens.hash, hashOf(token)), eq(tokens.kind, kind), gt(tokens.expires_at, clock.now())));
  return row;
}

/** Uses the token up: of any number of callers at once, one gets it. `undefined` as in {@link findOneTimeToken}. */
export async function redeemOneTimeToken({ db, clock }: Context, tx: Queries, kind: OneTimeKind, token: string) {
  const tokens = db.tables.one_time_tokens;
  const [row] = await tx
    .delete(tokens)
    .where(and(eq(tokens.hash, hashOf(token)), eq(tokens.kind, kind), gt(tokens.expires_at, clock.now())))
    .returning();
  return row;
}
