import { negotiateLanguage } from "../../protocol/languages.ts";
import { checkAccessToken } from "../accounts/access-token.ts";
import { redeemTicket } from "../accounts/ticket.ts";
import type { Context } from "../context.ts";
import { AppError } from "../platform/app-error.ts";
import type { OriginCheck } from "../platform/http/origins.ts";
import { Pace } from "../platform/pace.ts";
import { refuse } from "../platform/http/refusal.ts";
import { refusalOf } from "../platform/refusal.ts";
import type { Guests } from "./guests.ts";
import type { SignIn } from "./session.ts";
import type { SocketData } from "./socket.ts";

interface UpgradeOptions {
  ctx: Context;
  guests: Guests;
  origins: OriginCheck;
  addressOf: (request: Request) => string;
  isStopping: () => boolean;
}

const protocol = "parley.v1";
/** Wrong credentials and guests of one address: those who are signed in have their own limits. */
const strangers = { perSecond: 5, burst: 50, isSettled: true } as const;
const perUser = { perSecond: 10, burst: 100, isSettled: true } as const;
/** Hundreds may come in one turn of the event loop, and would keep everybody else waiting for 75 µs each. */
const upgradesPerTurn = 24;

/**
 * Turns a request for `/ws` into a socket, or answers why not: 503 when the server stops, 403 for a foreign origin, 400
 * for a foreign subprotocol, 401 without good credentials, 429 beyond the limits. All before the upgrade.
 */
export function upgrader({ ctx, guests, origins, addressOf, isStopping }: UpgradeOptions) {
  const pace = new Pace(upgradesPerTurn);
  return async (request: Request, server: Bun.Server<SocketData>): Promise<Response | undefined> => {
    const language = negotiateLanguage(request.headers.get("accept-language"));
    const requestId = Bun.randomUUIDv7();
    try {
      if (isStopping()) throw new AppError("UNAVAILABLE", { retryAfterMs: 1_000 });
      if (request.headers.get("upgrade")?.toLowerCase() !== "websocket") {
        throw new AppError("VALIDATION_ERROR", { status: 426, details: [{ field: "upgrade", message: "is needed" }] });
      }
      if (!origins.isAllowed(request.headers)) throw new AppError("FORBIDDEN");
      const offered = subprotocols(request);
      const address = addressOf(request);
      await pace.turn();
      const signedIn = await signIn(ctx, guests, request, offered, address);
      const headers = offered.length > 0 ? { "Sec-WebSocket-Protocol": protocol } : {};
      // Again: it may have begun to stop meanwhile.
      if (isStopping()) throw new AppError("UNAVAILABLE", { retryAfterMs: 1_000 });
      const data: SocketData = { ...signedIn, language, address };
      if (!server.upgrade(request, { data, headers })) throw new AppError("VALIDATION_ERROR", { status: 400 });
      return undefined;
    } catch (error) {
      const refusal = refusalOf(error, ctx.log, { request_id: requestId, path: "/ws" });
      ctx.metrics.socketsRefused.inc({ reason: refusal.code });
      return refuse(refusal, { requestId, language });
    }
  };
}

/** Bun echoes the first one by itself, so it must be ours: the second is a token. */
function subprotocols(request: Request): string[] {
  const header = request.headers.get("sec-websocket-protocol");
  const offered = header === null ? [] : header.split(",").map((name) => name.trim());
  if (offered.length > 0 && offered[0] !== protocol) {
    // A token in another place is no credential.
    if (offered.some((name) => name.startsWith("bearer."))) throw new AppError("UNAUTHENTICATED");
    throw new AppError("VALIDATION_ERROR", {
      status: 400,
      details: [{ field: "sec-websocket-protocol", message: `must begin with ${protocol}` }],
    });
  }
  return offered;
}

async function signIn(
  ctx: Context,
  guests: Guests,
  request: Request,
  offered: readonly string[],
  address: string,
): Promise<Pick<SignIn, "viewer" | "expiresAtMs">> {
  const query = new URL(request.url).searchParams;
  const ticket = query.get("ticket");
  const bearer = offered.find((name) => name.startsWith("bearer."))?.slice("bearer.".length);
  const token = query.get("token") ?? bearer;
  if (token !== undefined || ticket !== null) {
    const checking = token !== undefined ? checkAccessToken(ctx, token) : redeemTicket(ctx, ticket ?? "");
    const { actor, expiresAtMs } = await checking.catch((error: unknown) => {
      ctx.limits.demand("upgrade", address, strangers);
      throw error;
    });
    ctx.limits.demand("upgrade of a user", actor.id, perUser);
    return { viewer: actor, expiresAtMs };
  }
  ctx.limits.demand("upgrade", address, strangers);
  if (query.get("guest") !== "1" || !ctx.config.guests) throw new AppError("UNAUTHENTICATED");
  if (ctx.limits.enabled && !(await guests.mayCome(address))) {
    throw new AppError("RATE_LIMITED", { retryAfterMs: 60_000 });
  }
  return { viewer: null, expiresAtMs: Infinity };
}
