import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { person, type Person } from "../support/people.ts";
import { RawWebSocket } from "../support/raw-websocket.ts";
import { startServer, type TestServer } from "../support/server.ts";

const listed = "https://chat.example";

let server: TestServer;
let ann: Person;
beforeAll(async () => {
  server = await startServer({ env: { ALLOWED_ORIGINS: `${listed},http://localhost:5173` } });
  ann = await person(server, "ann");
});
afterAll(() => server.stop());

const foreign = [
  "https://evil.example",
  "null",
  "https://chat.example.evil.example",
  "https://evilchat.example",
  "http://chat.example",
  "https://chat.example:8443",
  "file://",
  "chat.example",
  "https://chat.example/path",
  "",
];

describe("an upgrade", () => {
  const upgrade = (origin: string | undefined, token = ann.token) =>
    RawWebSocket.open(`${server.wsUrl}?token=${token}`, origin === undefined ? {} : { Origin: origin });

  for (const origin of foreign) {
    test(`from the origin ${JSON.stringify(origin)} is refused before it happens, good token or not`, async () => {
      await expect(upgrade(origin)).rejects.toThrow(/^HTTP\/1\.1 403/);
    });
  }

  test("from no browser, from our own page, and from a listed page is let in", async () => {
    for (const origin of [undefined, server.url, listed, "http://localhost:5173"]) {
      const socket = await upgrade(origin);
      await socket.hears('"ready"');
      socket.destroy();
    }
  });

  test("without or with bad credentials is a 401, whichever way they come", async () => {
    const { wsUrl } = server;
    const protocols = (value: string) => ({ "Sec-WebSocket-Protocol": value });
    const tries: [string, Record<string, string>][] = [
      [wsUrl, {}],
      [`${wsUrl}?token=`, {}],
      [`${wsUrl}?token=nonsense`, {}],
      [`${wsUrl}?ticket=nonsense`, {}],
      [`${wsUrl}?token=${ann.refreshToken}`, {}],
      [wsUrl, protocols("parley.v1")],
      [wsUrl, protocols("parley.v1, bearer.nonsense")],
      [wsUrl, protocols(`bearer.${ann.token}, parley.v1`)],
      [wsUrl, protocols(`bearer.${ann.token}`)],
    ];
    for (const [url, headers] of tries) {
      const answer = await RawWebSocket.open(url, headers).then(
        () => "upgraded",
        (error: Error) => error.message,
      );
      expect({
        url: url.replace(/=.*/, ""),
        headers: Object.values(headers).map((value) => value.slice(0, 12)),
        answer: answer.slice(0, 12),
      }).toEqual({
        url: url.replace(/=.*/, ""),
        headers: Object.values(headers).map((value) => value.slice(0, 12)),
        answer: "HTTP/1.1 401",
      });
    }
  });

  test("never sends a token back: of the subprotocols it names parley.v1", async () => {
    const socket = await ann.connect({ by: "subprotocol" });
    expect(socket.protocol).toBe("parley.v1");
    socket.close();
  });
});

describe("a request of another site", () => {
  const ask = (origin: string, init: RequestInit = {}) =>
    fetch(`${server.url}/api/v1/server`, { ...init, headers: { origin, ...(init.headers as Record<string, string>) } });
  const cors = (response: Response) =>
    [...response.headers.keys()].filter((name) => name.startsWith("access-control-"));
  const preflight = (origin: string, path = "/rooms") =>
    fetch(`${server.url}/api/v1${path}`, {
      method: "OPTIONS",
      headers: {
        origin,
        "access-control-request-method": "POST",
        "access-control-request-headers": "authorization, content-type",
      },
    });

  test("that is not listed gets no CORS header, also not on an error or a pre-flight", async () => {
    for (const origin of foreign.filter((each) => each !== "")) {
      expect({ origin, headers: cors(await ask(origin)) }).toEqual({ origin, headers: [] });
      expect({ origin, headers: cors(await preflight(origin)) }).toEqual({ origin, headers: [] });
      const missing = await fetch(`${server.url}/api/v1/nothing`, { headers: { origin } });
      expect({ origin, headers: cors(missing) }).toEqual({ origin, headers: [] });
    }
  });

  test("that is listed gets its own origin back, never a star, and caches are told", async () => {
    const answer = await ask(listed);
    expect(answer.headers.get("access-control-allow-origin")).toBe(listed);
    expect(answer.headers.get("vary")?.toLowerCase()).toContain("origin");
    const flight = await preflight(listed);
    expect(flight.status).toBeLessThan(300);
    expect(flight.headers.get("access-control-allow-origin")).toBe(listed);
    expect(flight.headers.get("access-control-allow-methods")).toContain("POST");
    expect(flight.headers.get("access-control-allow-headers")?.toLowerCase()).toContain("authorization");
  });

  test("may use credentials on the routes of the cookie alone", async () => {
    expect((await preflight(listed, "/auth/refresh")).headers.get("access-control-allow-credentials")).toBe("true");
    expect((await preflight(listed, "/rooms")).headers.get("access-control-allow-credentials")).toBeNull();
    expect((await ask(listed)).headers.get("access-control-allow-credentials")).toBeNull();
  });

  test("cannot refresh by the cookie when it is not listed", async () => {
    const login = await fetch(`${server.url}/api/v1/auth/login`, {
      method: "POST",
      headers: { "content-type": "application/json", "parley-refresh": "cookie" },
      body: JSON.stringify({ username: "ann", password: ann.password }),
    });
    const cookie = login.headers.get("set-cookie")?.split(";")[0] ?? "";
    expect(cookie).toStartWith("parley_refresh=");
    expect(login.headers.get("set-cookie")).toMatch(/HttpOnly/i);
    expect(login.headers.get("set-cookie")).toMatch(/SameSite=Strict/i);
    expect(await login.json()).not.toHaveProperty("data.refresh_token");
    const refresh = (origin: string) =>
      fetch(`${server.url}/api/v1/auth/refresh`, {
        method: "POST",
        headers: { cookie, origin, "parley-refresh": "cookie" },
      });
    expect((await refresh("https://evil.example")).status).toBeGreaterThanOrEqual(400);
    expect((await refresh(server.url)).status).toBe(200);
  });
});
