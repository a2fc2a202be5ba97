import { zValidator } from "@hono/zod-validator";
import { Hono, type Context as HonoContext, type MiddlewareHandler } from "hono";
import type { z } from "zod";
import type { Language } from "../protocol/languages.ts";
import type { Actor, Viewer } from "./context.ts";
import { AppError } from "./platform/app-error.ts";

/** What `http.ts` has found out about a request before a route runs. */
export interface HttpEnv {
  Variables: {
    requestId: string;
    language: Language;
    /** The client's address, behind a trusted proxy the forwarded one. */
    address: string;
    /** `undefined`: no token was sent and guests are off. A bad token never reaches a route. */
    viewer: Viewer | undefined;
  };
}

export type RouteContext = HonoContext<HttpEnv>;

/** An empty router of one capability. */
export function router(): Hono<HttpEnv> {
  return new Hono<HttpEnv>();
}

/** The signed-in person; refuses everybody else with `UNAUTHENTICATED`. */
export function actorOf(c: RouteContext): Actor {
  const { viewer } = c.var;
  if (!viewer) throw new AppError("UNAUTHENTICATED");
  return viewer;
}

/** The signed-in person, or `null` for a guest where guests are allowed; else `UNAUTHENTICATED`. */
export function viewerOf(c: RouteContext): Viewer {
  const { viewer } = c.var;
  if (viewer === undefined) throw new AppError("UNAUTHENTICATED");
  return viewer;
}

/** Refuses whoever is not signed in before their input is looked at. */
export const signedIn: MiddlewareHandler<HttpEnv> = async (c, next) => {
  actorOf(c);
  await next();
};

/** `{success, data, meta}` with status 200, or the one given. */
export function ok(
  c: RouteContext,
  data: unknown,
  options: { meta?: object; status?: 200 | 201 | 202 } = {},
): Response {
  return c.json({ success: true, data, ...(options.meta && { meta: options.meta }) }, options.status ?? 200);
}

/** The `meta` of one page of a list. */
export function pageMeta({ page, per_page }: { page: number; per_page: number }, total: number) {
  return { page, per_page, total, has_more: page * per_page < total };
}

/** The details of what zod found, with dotted paths. */
export function issueDetails(error: z.core.$ZodError): { field: string; message: string }[] {
  return error.issues.flatMap((issue) =>
    issue.code === "unrecognized_keys"
      ? issue.keys.map((key) => ({ field: [...issue.path, key].join("."), message: "is not known" }))
      : [{ field: issue.path.join("."), message: issue.message }],
  );
}

/** Refuses a body that is not declared as JSON, so that no form of another site can speak to the API. */
const jsonOnly: MiddlewareHandler<HttpEnv> = async (c, next) => {
  const type = c.req.header("content-type");
  if (type !== undefined && !/^application\/(?:[\w.+-]+\+)?json\b/i.test(type)) throw new AppError("UNSUPPORTED_MEDIA");
  const text = await c.req.text();
  try {
    JSON.parse(text === "" ? "{}" : text);
  } catch {
    throw new AppError("VALIDATION_ERROR", { status: 400, details: [{ field: "", message: "must be JSON" }] });
  }
  await next();
};

/** Validates the JSON body; read it by `c.req.valid("json")`. */
export function body<S extends z.ZodType>(schema: S) {
  return [
    jsonOnly,
    zValidator("json", schema, (result) => {
      if (!result.success) throw new AppError("VALIDATION_ERROR", { details: issueDetails(result.error) });
    }),
  ] as const;
}

/** Validates the query; read it by `c.req.valid("query")`. */
export function query<S extends z.ZodType>(schema: S) {
  return zValidator("query", schema, (result) => {
    if (!result.success) throw new AppError("VALIDATION_ERROR", { details: issueDetails(result.error) });
  });
}
