import type { Context } from "../context.ts";
import { AppError } from "../platform/app-error.ts";
import { actorOfSession, type SignedIn } from "./access-token.ts";
import { randomToken, redeemOneTimeToken, storeOneTimeToken } from "./one-time-tokens.ts";
import { people } from "./people.ts";

const ticketTtlMs = 30_000;

/**
 * A ticket that opens one socket within 30 s, for clients that cannot set headers and shall not put their access token
 * into an address. It carries the end of the access token it was asked with; the hash that is stored covers it.
 */
export async function issueTicket(ctx: Context, { actor, expiresAtMs }: SignedIn): Promise<string> {
  const ticket = `${randomToken()}.${expiresAtMs}`;
  await ctx.db.write((tx) =>
    storeOneTimeToken(ctx, tx, ticket, {
      kind: "ws_ticket",
      userKey: actor.key,
      sessionId: actor.sessionId,
      expiresAtMs: ctx.clock.now() + ticketTtlMs,
    }),
  );
  return ticket;
}

/** Who asked for `ticket`, once. Throws `UNAUTHENTICATED`, `ACCOUNT_DISABLED` or `TOKEN_EXPIRED`. */
export async function redeemTicket(ctx: Context, ticket: string): Promise<SignedIn> {
  const expiresAtMs = Number(/^[\w-]{43}\.(\d{1,15})$/.exec(ticket)?.[1]);
  if (Number.isNaN(expiresAtMs)) throw new AppError("UNAUTHENTICATED");
  const row = await ctx.db.write((tx) => redeemOneTimeToken(ctx, tx, "ws_ticket", ticket));
  if (!row || row.user_key === null || row.session_id === null) throw new AppError("UNAUTHENTICATED");
  if (expiresAtMs <= ctx.clock.now()) throw new AppError("TOKEN_EXPIRED");
  const person = await people(ctx).byKey(row.user_key);
  if (!person) throw new AppError("UNAUTHENTICATED");
  return { actor: await actorOfSession(ctx, person.id, row.session_id), expiresAtMs };
}
