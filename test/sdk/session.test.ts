import { expect, test } from "bun:test";
import type { Credentials } from "../../src/protocol/models.ts";
import { createClient } from "../../src/sdk/client.ts";
import { ApiError, ConnectionError } from "../../src/sdk/errors.ts";
import { memoryTokens } from "../../src/sdk/session.ts";
import type { Fetch } from "../../src/sdk/transport.ts";

interface Call {
  path: string;
  headers: Headers;
  credentials: RequestCredentials | undefined;
  body: unknown;
}

const hour = 3_600_000;
const credentials = (name: string, ttlMs = hour): Credentials => ({
  token: `access-${name}`,
  expires_at: new Date(Date.now() + ttlMs).toISOString(),
  refresh_token: `refresh-${name}`,
});
const ok = (data: unknown) => Response.json({ success: true, data });
const refused = (status: number, code: string, headers: HeadersInit = {}) =>
  Response.json(
    {
      success: false,
      error: { code, message: `about ${code}`, details: [{ field: "name", message: "wrong" }], request_id: "r1" },
    },
    { status, headers },
  );

/** A client whose requests `answer` gets. */
function setUp(answer: (call: Call) => Response, options: { cookieAuth?: boolean; stored?: Credentials } = {}) {
  const calls: Call[] = [];
  const fetch: Fetch = async (url, { headers, credentials, body }) => {
    const call = {
      path: new URL(url).pathname.replace("/api/v1", ""),
      headers: new Headers(headers),
      credentials,
      body: typeof body === "string" ? JSON.parse(body) : null,
    };
    calls.push(call);
    return answer(call);
  };
  const tokens = memoryTokens();
  if (options.stored) void tokens.save(options.stored);
  const { cookieAuth = false } = options;
  return { calls, tokens, client: createClient({ url: "https://chat.example/", fetch, tokens, cookieAuth }) };
}

const bearer = ({ headers }: Call) => headers.get("Authorization");

test("an expired access token is renewed once for all who need it, and each request sent again once", async () => {
  const { client, calls, tokens } = setUp(
    (call) => {
      if (call.path === "/auth/refresh") return ok(credentials("new"));
      return bearer(call) === "Bearer access-new" ? ok({ id: "me" }) : refused(401, "TOKEN_EXPIRED");
    },
    { stored: credentials("old") },
  );
  await client.restore();
  calls.length = 0;
  const answers = await Promise.all([client.http.users.me(), client.http.users.get("x"), client.http.server.info()]);
  expect(answers.length).toBe(3);
  expect(calls.filter(({ path }) => path === "/auth/refresh").length).toBe(0);
  expect(await tokens.load()).toMatchObject({ refresh_token: "refresh-new" });
});

test("callers at the same time share one renewal", async () => {
  let valid = "Bearer access-old";
  const { client, calls } = setUp(
    (call) => {
      if (call.path === "/auth/refresh") {
        expect(bearer(call)).toBe("Bearer refresh-old");
        valid = "Bearer access-new";
        return ok(credentials("new"));
      }
      return bearer(call) === valid ? ok({ id: "me" }) : refused(401, "TOKEN_EXPIRED");
    },
    { stored: credentials("old") },
  );
  await client.restore();
  valid = "";
  calls.length = 0;
  await Promise.all([client.http.users.me(), client.http.users.get("x"), client.http.users.get("y")]);
  expect(calls.map(({ path }) => path).sort()).toEqual([
    "/auth/refresh",
    "/users/me",
    "/users/me",
    "/users/x",
    "/users/x",
    "/users/y",
    "/users/y",
  ]);
});

test("a token about to end is renewed when the session is taken up", async () => {
  const { client, calls } = setUp(({ path }) => ok(path === "/auth/refresh" ? credentials("new") : { id: "me" }), {
    stored: credentials("old", 5_000),
  });
  expect(await client.restore()).toMatchObject({ id: "me" });
  expect(calls.map(({ path }) => path)).toEqual(["/auth/refresh", "/users/me"]);
});

test("a session that the server has ended is forgotten", async () => {
  const { client, tokens } = setUp(() => refused(401, "UNAUTHENTICATED"), { stored: credentials("old") });
  let signedOut = 0;
  client.onSignedOut(() => signedOut++);
  expect(await client.restore()).toBeNull();
  expect(await tokens.load()).toBeNull();
  expect(signedOut).toBe(1);
});

test("a server that is away or busy ends no session", async () => {
  for (const answer of [() => Promise.reject(new TypeError("no network")), async () => refused(503, "UNAVAILABLE")]) {
    const tokens = memoryTokens();
    await tokens.save(credentials("old", 5_000));
    const client = createClient({ url: "https://chat.example", fetch: answer, tokens });
    expect(await client.restore().catch((error: unknown) => error)).toBeInstanceOf(Error);
    expect(await tokens.load()).not.toBeNull();
  }
});

test("with the cookie, no refresh token is ever seen or sent by script", async () => {
  const { refresh_token: _, ...withoutRefresh } = credentials("new");
  const { client, calls, tokens } = setUp(({ path }) => ok(path === "/users/me" ? { id: "me" } : withoutRefresh), {
    cookieAuth: true,
  });
  expect(await client.restore()).toMatchObject({ id: "me" });
  const [refresh] = calls;
  expect(refresh?.path).toBe("/auth/refresh");
  expect(refresh?.headers.get("Parley-Refresh")).toBe("cookie");
  expect(refresh?.headers.get("Authorization")).toBeNull();
  expect(refresh?.credentials).toBe("same-origin");
  expect(await tokens.load()).toBeNull();
  await client.logout();
  expect(calls.at(-1)?.headers.get("Parley-Refresh")).toBe("cookie");
  expect(calls.at(-1)?.headers.get("Authorization")).toBe("Bearer access-new");
});

test("signing out when already signed out elsewhere is fine; when the server is away it is not", async () => {
  const gone = setUp(({ path }) => (path === "/users/me" ? ok({ id: "me" }) : refused(401, "UNAUTHENTICATED")), {
    stored: credentials("old"),
  });
  await gone.client.restore();
  await gone.client.logout();
  expect(await gone.tokens.load()).toBeNull();

  const away = setUp(
    ({ path }) => {
      if (path === "/users/me") return ok({ id: "me" });
      throw new TypeError("no network");
    },
    { stored: credentials("old") },
  );
  await away.client.restore();
  expect(await away.client.logout().catch((error: unknown) => error)).toBeInstanceOf(ConnectionError);
  expect(await away.tokens.load()).not.toBeNull();
});

test("a refusal carries all that the server said", async () => {
  const { client } = setUp(() => refused(429, "RATE_LIMITED", { "Retry-After": "7" }));
  const error = await client.http.auth.login({ username: "ann", password: "x" }).catch((reason: unknown) => reason);
  expect(error).toBeInstanceOf(ApiError);
  expect(error).toMatchObject({
    status: 429,
    code: "RATE_LIMITED",
    message: "about RATE_LIMITED",
    details: [{ field: "name", message: "wrong" }],
    requestId: "r1",
    retryAfterMs: 7_000,
  });
});

test("a proxy's page is no answer of the server", async () => {
  const { client } = setUp(() => new Response("<h1>Bad gateway</h1>", { status: 502 }));
  expect(await client.http.server.info().catch((error: unknown) => error)).toBeInstanceOf(ConnectionError);
});

test("asks for error messages in the language in use", async () => {
  const languages: (string | null)[] = [];
  let language: "en" | "zh-TW" = "en";
  const client = createClient({
    url: "https://chat.example",
    language: () => language,
    fetch: async (_url, { headers }) => {
      languages.push(new Headers(headers).get("Accept-Language"));
      return ok({});
    },
  });
  await client.http.server.info();
  language = "zh-TW";
  await client.http.server.info();
  expect(languages).toEqual(["en", "zh-TW"]);
});
