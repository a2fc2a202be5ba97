import { startAccounts } from "./accounts/start.ts";
import type { Config } from "./config.ts";
import type { Context } from "./context.ts";
import { startFriends } from "./friends/start.ts";
import { httpApp } from "./http.ts";
import { type ContextOverrides, openContext } from "./open-context.ts";
import { startMessages } from "./messages/start.ts";
import { startNotifications } from "./notifications/start.ts";
import { atMost } from "./platform/at-most.ts";
import { clientAddress } from "./platform/http/client-address.ts";
import { originCheck } from "./platform/http/origins.ts";
import { readTls } from "./platform/http/tls.ts";
import type { Logging } from "./platform/log-setup.ts";
import { StartError } from "./platform/start-error.ts";
import { nextTurn } from "./platform/turn.ts";
import { startPresence } from "./presence/start.ts";
import { sayFarewell } from "./realtime/farewell.ts";
import { startGuests } from "./realtime/guests.ts";
import { startHealing } from "./realtime/heal.ts";
import type { Hub } from "./realtime/hub.ts";
import { Opening } from "./realtime/opening.ts";
import { socketHandlers } from "./realtime/socket.ts";
import { startTellingNear } from "./realtime/told-near.ts";
import { upgrader } from "./realtime/upgrade.ts";
import { startRooms } from "./rooms/start.ts";
import { startSearch } from "./search/start.ts";
import { startTimeline } from "./timeline/start.ts";
import { version } from "./version.ts";

export interface ServeOverrides extends ContextOverrides {
  /** Told when the server is ready; absent: nobody is. */
  logging?: Pick<Logging, "announce">;
}

export interface RunningServer {
  /** `http://127.0.0.1:3000`, without a slash at the end. */
  readonly url: string;
  readonly context: Context;
  readonly hub: Hub;
  /** Tells balancers by `/readyz` that this node is about to stop, and serves on. */
  drain(): void;
  /** Tells the clients, finishes what was begun, closes everything; within ten seconds. */
  stop(): Promise<void>;
}

/** A request that has not sent all of itself by then is dropped (its header after 12 s: Bun's own time). */
const idleTimeoutS = 10;
/** A sign-in may wait for its hash behind others. */
const answerTimeoutS = 60;
/** Of the ten seconds that a stop may take, so much is left to what clients have begun. */
const farewellMs = 6_000;
const requestsMs = 2_000;

/** Starts a server: context, sockets, HTTP. Throws `StartError` for what a person must put right. */
export async function serve(config: Config, overrides: ServeOverrides = {}): Promise<RunningServer> {
  const { context, hub, close } = await openContext(config, overrides);
  try {
    return await listen(config, context, hub, close, overrides);
  } catch (error) {
    await close();
    throw error;
  }
}

async function listen(
  config: Config,
  ctx: Context,
  hub: Hub,
  close: () => Promise<void>,
  { logging }: ServeOverrides,
): Promise<RunningServer> {
  await startRooms(ctx);
  await startFriends(ctx);
  await startTimeline(ctx);
  startMessages(ctx);
  startPresence(ctx);
  startNotifications(ctx);
  startSearch(ctx);
  let draining = false;
  let isStopped = false;
  const isDraining = () => draining;
  const isStopping = () => isStopped;
  const origins = originCheck(config);
  const addressBehind = clientAddress(config.trustedProxies);
  const remoteAddress = (request: Request): string => server.requestIP(request)?.address ?? "";
  const addressOf = (request: Request) => addressBehind(remoteAddress(request), request.headers.get("x-forwarded-for"));
  const whenRead = (request: Request) => server.timeout(request, answerTimeoutS);
  const app = httpApp({ ctx, origins, remoteAddress, addressOf, whenRead, isDraining });
  const upgrade = upgrader({ ctx, guests: startGuests(ctx, hub.guests), origins, addressOf, isStopping });
  const opening = new Opening(ctx, hub);
  const server = bind(config, () =>
    Bun.serve({
      hostname: config.host,
      port: config.port,
      ...readTls(config.tlsCert, config.tlsKey),
      idleTimeout: idleTimeoutS,
      development: false,
      fetch: (request, bun) => (new URL(request.url).pathname === "/ws" ? upgrade(request, bun) : app.fetch(request)),
      error: (error) => {
        ctx.log.error("a request failed outside of every handler", { error });
        return new Response(null, { status: 500 });
      },
      websocket: socketHandlers(ctx, hub, opening),
    }),
  );
  hub.attach(server);
  startTellingNear(ctx, hub);
  startHealing(ctx, hub, opening);
  const url = server.url.href.replace(/\/$/, "");
  ctx.onClose(watchEventLoop(ctx));
  await startAccounts(ctx, url);
  if (!config.rateLimits) ctx.log.warn("RATE_LIMITS is off: nothing keeps anybody from flooding this server");
  logging?.announce({ version, url });

  const drain = () => {
    draining = true;
  };
  const stop = async () => {
    drain();
    await quietTurn();
    // Refused by the system, a connection goes to another node at once, whatever it was to carry; what is open goes on.
    const closed = server.stop(false);
    isStopped = true;
    await sayFarewell(hub, farewellMs);
    await atMost(
      requestsMs,
      untilNone(() => server.pendingRequests),
    );
    await server.stop(true);
    await closed;
    await close();
  };
  let stopping: Promise<void> | undefined;
  return { url, context: ctx, hub, drain, stop: () => (stopping ??= stop()) };
}

/** Binds the port; what is in the way becomes one line that says so. */
function bind<T>({ host, port }: Config, make: () => T): T {
  try {
    return make();
  } catch (error) {
    if (error instanceof StartError) throw error;
    const code = error instanceof Error && "code" in error ? error.code : undefined;
    const reason =
      code === "EADDRINUSE"
        ? "something else listens there; give another PORT"
        : code === "EACCES"
          ? "this user may not listen there; give a PORT above 1023"
          : String(error instanceof Error ? error.message : error);
    throw new StartError(`Cannot listen on HOST ${host}, PORT ${port}: ${reason}`);
  }
}

/** Measures how late a timer comes; the result ends it. */
function watchEventLoop({ metrics }: Context): () => void {
  const everyMs = 50;
  let due = performance.now() + everyMs;
  const timer = setInterval(() => {
    const now = performance.now();
    metrics.eventLoopLag.observe(Math.max(0, now - due) / 1_000);
    due = now + everyMs;
  }, everyMs);
  return () => clearInterval(timer);
}

/**
 * Waits for a turn of the event loop in which next to nothing happened, for a moment at most. Connections that came since
 * the last look at the listening socket are reset when it closes, and a balancer may not repeat what it has already sent on
 * them: the shorter ago the look, the fewer (a third of what a stop in the middle of a busy turn loses).
 */
async function quietTurn(): Promise<void> {
  const quietMs = 0.3;
  const giveUpAt = performance.now() + 50;
  for (let begunAt = performance.now(); begunAt < giveUpAt;) {
    await nextTurn();
    const now = performance.now();
    if (now - begunAt < quietMs) return;
    begunAt = now;
  }
}

async function untilNone(count: () => number): Promise<void> {
  while (count() > 0) await new Promise((resolve) => setTimeout(resolve, 10));
}
