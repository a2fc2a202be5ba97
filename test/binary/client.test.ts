import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { rmSync } from "node:fs";
import { brotliDecompressSync, gunzipSync } from "node:zlib";
import { negotiate } from "../../src/server/web.ts";
import { buildMs, type Serving, serve } from "../support/binary.ts";
import { temporaryFolder } from "../support/environment.ts";

let cwd: string;
let server: Serving;

setDefaultTimeout(30_000);
beforeAll(async () => {
  cwd = temporaryFolder();
  server = await serve({ cwd });
}, buildMs);
afterAll(async () => {
  await server.stop();
  rmSync(cwd, { recursive: true, force: true });
});

const get = (path: string, headers: Record<string, string> = {}, method = "GET") =>
  fetch(`${server.url}${path}`, { method, headers: { "accept-encoding": "identity", ...headers }, decompress: false });

function assetsOf(page: string): string[] {
  return [...page.matchAll(/(?:src|href)="(\/assets\/[^"]+)"/g)].map(([, path = ""]) => path);
}

const places =
  "/ /rooms/0190c2f0-0000-7000-8000-000000000000 /rooms/a/m/b /people /people/x /search?q=x " +
  "/settings /settings/devices /admin/users /invite/abc /reset /verify /setup /login /register";

test.each(places.split(" "))(
  "%s is a place of the client: its page, never cached unasked, under a strict policy",
  async (path) => {
    const response = await get(path);
    expect(response.status).toBe(200);
    expect(response.headers.get("content-type")).toContain("text/html");
    expect(response.headers.get("cache-control")).toBe("no-cache");
    expect(response.headers.get("etag")).toBeTruthy();
    const policy = response.headers.get("content-security-policy") ?? "";
    expect(policy).toContain("default-src 'none'");
    expect(policy).toContain("script-src 'self'");
    expect(policy).toContain("frame-ancestors 'none'");
    expect(policy).not.toContain("unsafe");
    expect(response.headers.get("x-content-type-options")).toBe("nosniff");
    expect(response.headers.get("referrer-policy")).toBe("no-referrer");
    expect(response.headers.get("cross-origin-opener-policy")).toBe("same-origin");
    expect(await response.text()).not.toMatch(/<script(?![^>]*\bsrc=)|<style|\son\w+=/);
  },
);

test.each([
  "/nothing",
  "/assets/",
  "/assets/nothing.js",
  "/index.html.br",
  "/..%2f..%2fetc/passwd",
  "/roomsandmore",
  "/.env",
])("%s is not there", async (path) => {
  const response = await get(path);
  await response.body?.cancel();
  expect(response.status).toBe(404);
});

describe("assets", () => {
  test("are immutable, typed, and compressed as the client wants them", async () => {
    const paths = assetsOf(await (await get("/")).text());
    expect(paths.some((path) => path.endsWith(".js"))).toBe(true);
    expect(paths.some((path) => path.endsWith(".css"))).toBe(true);
    for (const path of paths) {
      const plain = await get(path);
      expect(plain.status).toBe(200);
      expect(plain.headers.get("cache-control")).toBe("public, max-age=31536000, immutable");
      expect(plain.headers.get("vary")).toBe("Accept-Encoding");
      const bytes = Buffer.from(await plain.arrayBuffer());
      for (const [encoding, decode] of [
        ["br", brotliDecompressSync],
        ["gzip", gunzipSync],
      ] as const) {
        const response = await get(path, { "accept-encoding": encoding });
        const body = Buffer.from(await response.arrayBuffer());
        if (response.headers.get("content-encoding") === null) continue;
        expect(response.headers.get("content-encoding")).toBe(encoding);
        expect(body.length).toBeLessThan(bytes.length);
        expect(decode(body).equals(bytes)).toBe(true);
      }
    }
  });

  test("what the client holds already is not sent again", async () => {
    for (const headers of [{}, { "accept-encoding": "br" }]) {
      const first = await get("/", headers);
      await first.body?.cancel();
      const again = await get("/", { ...headers, "if-none-match": first.headers.get("etag") ?? "" });
      expect(again.status).toBe(304);
      expect(await again.text()).toBe("");
    }
    const other = await get("/", { "if-none-match": '"other"' });
    expect(other.status).toBe(200);
    await other.body?.cancel();
  });

  test("HEAD tells the same without the body", async () => {
    const response = await get("/", {}, "HEAD");
    expect(response.status).toBe(200);
    expect(Number(response.headers.get("content-length"))).toBeGreaterThan(0);
    expect(await response.text()).toBe("");
  });

  test("the first page loads no more than 150 kB of compressed script", async () => {
    const scripts = assetsOf(await (await get("/")).text()).filter((path) => path.endsWith(".js"));
    let bytes = 0;
    for (const path of scripts)
      bytes += (await (await get(path, { "accept-encoding": "br" })).arrayBuffer()).byteLength;
    expect(bytes).toBeLessThanOrEqual(150_000);
  });
});

test.each([
  ["br, gzip", "br"],
  ["gzip", "gzip"],
  ["gzip, br;q=0", "gzip"],
  ["*", "br"],
  ["*;q=0", undefined],
  ["identity", undefined],
  ["", undefined],
  ["BR ; Q=0.5", "br"],
])("Accept-Encoding %p is answered with %p", (accepted, encoding) => {
  const asset = { encoded: { br: new Blob(), gzip: new Blob() } };
  expect(negotiate(accepted, asset)).toBe(encoding as "br" | "gzip" | undefined);
});
