import type { MiddlewareHandler } from "hono";
import { limits } from "../protocol/limits.ts";
import type { ServerInfo } from "../protocol/models.ts";
import { authenticate } from "./accounts/authenticate.ts";
import { accountRoutes } from "./accounts/routes.ts";
import type { Context } from "./context.ts";
import { directRoutes } from "./directs/routes.ts";
import { friendRoutes } from "./friends/routes.ts";
import { messageRoutes } from "./messages/routes.ts";
import { notificationRoutes } from "./notifications/routes.ts";
import { AppError } from "./platform/app-error.ts";
import { bodyLimit } from "./platform/http/body-limit.ts";
import { cors } from "./platform/http/cors.ts";
import { operations } from "./platform/http/operations.ts";
import type { OriginCheck } from "./platform/http/origins.ts";
import { refuse } from "./platform/http/refusal.ts";
import { requestScope } from "./platform/http/request-scope.ts";
import { named } from "./platform/log.ts";
import { refusalOf } from "./platform/refusal.ts";
import { moderationRoutes } from "./rooms/moderation-routes.ts";
import { roomRoutes } from "./rooms/routes.ts";
import { ok, router } from "./route.ts";
import { searchRoutes } from "./search/routes.ts";
import { version } from "./version.ts";
import { webRoutes } from "./web.ts";

interface HttpOptions {
  ctx: Context;
  origins: OriginCheck;
  /** The peer of the connection, and the client behind it as far as proxies are trusted. */
  remoteAddress: (request: Request) => string;
  addressOf: (request: Request) => string;
  /** A request is whole: what comes now is our own time. */
  whenRead: (request: Request) => void;
  /** Asked to stop: balancers are told, everything else goes on, each answer ending its connection. */
  isDraining: () => boolean;
}

/** Per person, or per address of those who are not signed in: far above what a client needs. */
const requestRate = { perSecond: 200, burst: 2_000, isSettled: true } as const;

/** Everything that is spoken over HTTP. */
export function httpApp({ ctx, origins, remoteAddress, addressOf, whenRead, isDraining }: HttpOptions) {
  const { config, db, bus, metrics } = ctx;
  const log = named("http");
  const app = router();
  app.onError((error, c) => refuse(refusalOf(error, log, { request_id: c.var.requestId, path: c.req.path }), c.var));
  app.notFound((c) => {
    const allowed = methodsAt(app, c.req.path).filter((method) => method !== c.req.method);
    if (allowed.length > 0) c.header("Allow", allowed.join(", "));
    return refuse(new AppError(allowed.length > 0 ? "METHOD_NOT_ALLOWED" : "NOT_FOUND"), c.var);
  });

  app.use(requestScope({ log, metrics, addressOf }));
  app.route("/", operations({ db, bus, metrics, log, metricsToken: config.metricsToken, isDraining, remoteAddress }));
  app.use(endConnectionsWhile(isDraining));
  app.use("/api/*", cors(origins, "/api/v1/auth/"));
  app.use("/api/*", apiHeaders(config.publicUrl?.startsWith("https:") === true || config.tlsCert !== undefined));
  app.use("/api/*", bodyLimit(limits.bodyBytes, whenRead));
  app.use("/api/*", authenticate(ctx));
  app.use("/api/*", async (c, next) => {
    ctx.limits.demand("request", c.var.viewer?.id ?? c.var.address, requestRate);
    await next();
    if (c.req.method !== "GET") await ctx.publish.told();
  });
  app.get("/api/v1/server", (c) => ok(c, serverInfo(ctx)));
  app.route("/api/v1", friendRoutes(ctx));
  // Before the accounts, whose `/users/:id` would take `/users/online` for somebody.
  app.route("/api/v1", roomRoutes(ctx));
  app.route("/api/v1", moderationRoutes(ctx));
  app.route("/api/v1", accountRoutes(ctx));
  app.route("/api/v1", messageRoutes(ctx));
  app.route("/api/v1", directRoutes(ctx));
  app.route("/api/v1", notificationRoutes(ctx));
  app.route("/api/v1", searchRoutes(ctx));
  app.route("/", webRoutes(whenRead));
  return app;
}

function serverInfo({ config }: Context): ServerInfo {
  return {
    name: "Parley",
    version,
    registration: config.registration,
    guests: config.guests,
    features: [],
    limits: {
      message_chars: config.messageMaxChars,
      room_members: config.roomMaxMembers,
      page_size: limits.pageMax,
      messages_per_second: config.messagesPerSecond,
      sockets_per_user: config.socketsPerUser,
    },
  };
}

/** So that what comes next is brought to another node. */
function endConnectionsWhile(isDraining: () => boolean): MiddlewareHandler {
  return async (c, next) => {
    if (isDraining()) c.header("Connection", "close");
    await next();
  };
}

/** Answers of the API are data, for whoever asked and nobody in between. */
function apiHeaders(isSecure: boolean): MiddlewareHandler {
  return async (c, next) => {
    await next();
    if (!c.res.headers.has("Cache-Control")) c.header("Cache-Control", "no-store");
    c.header("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'");
    c.header("Referrer-Policy", "no-referrer");
    c.header("X-Content-Type-Options", "nosniff");
    if (isSecure) c.header("Strict-Transport-Security", "max-age=31536000");
  };
}

/** The methods that a path takes. */
function methodsAt(app: ReturnType<typeof router>, path: string): string[] {
  return ["GET", "POST", "PUT", "PATCH", "DELETE"].filter((method) =>
    app.router.match(method, path)[0].some(([[, route]]) => route.method === method && route.path !== "/*"),
  );
}
