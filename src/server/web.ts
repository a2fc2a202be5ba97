import { Hono } from "hono";
import { type Asset, type Encoding, loadAssets } from "./web/assets.ts";

/** Places of the client that the server answers with its one page; see `src/web` for what each shows. */
const clientRoutes =
  /^\/(?:(?:rooms|people|settings|admin|invite)(?:\/.*)?|search|notifications|reset|verify|setup|login|register)?\/?$/;

const securityHeaders = {
  "Content-Security-Policy": [
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "img-src 'self' data: blob:",
    "connect-src 'self'",
    "font-src 'self'",
    "manifest-src 'self'",
    "worker-src 'self'",
    "base-uri 'none'",
    "form-action 'self'",
    "frame-ancestors 'none'",
  ].join("; "),
  "Cross-Origin-Opener-Policy": "same-origin",
  "Cross-Origin-Resource-Policy": "same-origin",
  "Permissions-Policy": "camera=(), display-capture=(), geolocation=(), microphone=(), payment=(), usb=()",
  "Referrer-Policy": "no-referrer",
  "X-Content-Type-Options": "nosniff",
};

/** The shortest form that the client takes; `undefined` sends it as it is. */
export function negotiate(acceptEncoding: string, asset: Pick<Asset, "encoded">): Encoding | undefined {
  const weights = new Map(
    acceptEncoding.split(",").map((part) => {
      const [name = "", ...parameters] = part
        .trim()
        .toLowerCase()
        .split(/\s*;\s*/);
      const weight = parameters.find((parameter) => parameter.startsWith("q="));
      return [name, weight === undefined ? 1 : Number(weight.slice(2))];
    }),
  );
  const accepts = (encoding: Encoding) => (weights.get(encoding) ?? weights.get("*") ?? 0) > 0;
  return (["br", "gzip"] as const).find((encoding) => asset.encoded[encoding] && accepts(encoding));
}

function send(asset: Asset, request: Request): Response {
  const encoding = negotiate(request.headers.get("Accept-Encoding") ?? "", asset);
  const etag = `"${asset.etag}${encoding ? `-${encoding}` : ""}"`;
  const headers = new Headers({
    ...securityHeaders,
    "Cache-Control": asset.isImmutable ? "public, max-age=31536000, immutable" : "no-cache",
    "Content-Type": asset.contentType,
    ETag: etag,
    Vary: "Accept-Encoding",
  });
  const known = request.headers.get("If-None-Match")?.split(",") ?? [];
  if (known.some((tag) => tag.trim().replace(/^W\//, "") === etag)) return new Response(null, { status: 304, headers });
  const body = (encoding && asset.encoded[encoding]) ?? asset.plain;
  if (encoding) headers.set("Content-Encoding", encoding);
  headers.set("Content-Length", String(body.size));
  return new Response(request.method === "HEAD" ? null : body, { headers });
}

/**
 * The web client: its files, and its page wherever the client has a place. All else is left to who comes after. `whenRead`
 * gives the request the time of an answer: from source the client is built first.
 */
export function webRoutes(whenRead: (request: Request) => void): Hono {
  const app = new Hono();
  app.get("*", async (c, next) => {
    if (c.req.path.startsWith("/api/")) return await next();
    whenRead(c.req.raw);
    const assets = await loadAssets();
    const page = clientRoutes.test(c.req.path) ? "/index.html" : c.req.path;
    const asset = assets.get(page);
    return asset ? send(asset, c.req.raw) : await next();
  });
  return app;
}
