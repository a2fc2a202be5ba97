import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { SignJWT } from "jose";
import { createHmac, generateKeyPairSync, hkdfSync } from "node:crypto";
import { credentials } from "../../src/protocol/models.ts";
import { ManualClock } from "../support/clock.ts";
import { people, request, type Person } from "../support/people.ts";
import { RawWebSocket } from "../support/raw-websocket.ts";
import { startServer, type TestServer } from "../support/server.ts";
import { closing, type TestSocket } from "../support/socket.ts";

let server: TestServer;
let ann: Person;
let ben: Person;
const clock = new ManualClock(Date.now());

beforeAll(async () => {
  server = await startServer({ clock, env: { ACCESS_TOKEN_TTL: "1h", REFRESH_TOKEN_TTL: "7d" } });
  ({ ann, ben } = await people(server, "ann", "ben"));
});
afterAll(() => server.stop());

const me = (token: string) => request(server, "GET", "/users/me", undefined, { token });
/** Lets time go by while these sockets stay alive. */
async function pass(ms: number, ...sockets: TestSocket[]): Promise<void> {
  for (let left = ms; left > 0; left -= 50_000) {
    clock.advance(Math.min(left, 50_000));
    await Promise.all(sockets.map((socket) => socket.fence()));
  }
}
const part = (value: object) => Buffer.from(JSON.stringify(value)).toString("base64url");
const parts = (token: string) => {
  const [header = "", payload = "", signature = ""] = token.split(".");
  const read = (text: string) => JSON.parse(Buffer.from(text, "base64url").toString()) as Record<string, unknown>;
  return { header: read(header), payload: read(payload), signature };
};

describe("an access token", () => {
  test("that is as it was made is accepted", async () => {
    expect((await me(ann.token)).status).toBe(200);
  });

  test("forged in any of the known ways is a 401, over HTTP and at the upgrade", async () => {
    const { header, payload, signature } = parts(ann.token);
    const asBen = { ...payload, sub: ben.id };
    const { publicKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
    const pem = publicKey.export({ type: "spki", format: "pem" }).toString();
    const hmac = (head: object, body: object, key: string | Uint8Array) => {
      const signed = `${part(head)}.${part(body)}`;
      return `${signed}.${createHmac("sha256", key).update(signed).digest("base64url")}`;
    };
    const own = (change: (jwt: SignJWT) => SignJWT) =>
      change(new SignJWT({ sid: String(payload["sid"]) }).setProtectedHeader({ alg: "HS256", typ: "at+jwt" }))
        .setSubject(ann.id)
        .sign(server.context.secret);
    const forged: Record<string, string> = {
      "alg none": `${part({ ...header, alg: "none" })}.${part(payload)}.`,
      "alg None with the signature": `${part({ ...header, alg: "None" })}.${part(payload)}.${signature}`,
      "another payload, the same signature": `${part(header)}.${part(asBen)}.${signature}`,
      "a later end, the same signature": `${part(header)}.${part({ ...payload, exp: 99_999_999_999 })}.${signature}`,
      "no signature": `${part(header)}.${part(payload)}`,
      "an empty key": hmac(header, asBen, ""),
      "a public key as secret": hmac({ ...header, alg: "HS256" }, asBen, pem),
      "RS256 claimed": hmac({ ...header, alg: "RS256" }, asBen, pem),
      "HS512 claimed": `${part({ ...header, alg: "HS512" })}.${part(payload)}.${signature}`,
      "the server's own secret, used as it is": await own((jwt) =>
        jwt.setIssuer("parley").setAudience("parley").setExpirationTime("1h"),
      ),
      "a key in the header": hmac(
        { ...header, jwk: { kty: "oct", k: "AAAA" } },
        asBen,
        Buffer.from("AAAA", "base64url"),
      ),
      "kid to a file": hmac({ ...header, kid: "../../../../dev/null" }, asBen, ""),
      "the refresh token": ann.refreshToken,
      "nothing of the kind": "a.b.c",
      "a very long one": `${"a".repeat(6_000)}.b.c`,
      "with white space": `${ann.token} `.replace(".", " ."),
    };
    for (const [what, token] of Object.entries(forged)) {
      expect({ what, outcome: (await me(token)).outcome }).toEqual({ what, outcome: "401 UNAUTHENTICATED" });
      const url = `${server.wsUrl}?token=${encodeURIComponent(token)}`;
      const upgrade = await RawWebSocket.open(url).then(
        () => "upgraded",
        (error: Error) => error.message.slice(0, 12),
      );
      expect({ what, upgrade }).toEqual({ what, upgrade: "HTTP/1.1 401" });
    }
  });

  test("signed with the right key but for another purpose, issuer, audience or type is a 401", async () => {
    const { header, payload } = parts(ann.token);
    const key = new Uint8Array(hkdfSync("sha256", server.context.secret, "", "parley access token v1", 32));
    const sign = (head: object, body: object) => {
      const signed = `${part(head)}.${part(body)}`;
      return `${signed}.${createHmac("sha256", key).update(signed).digest("base64url")}`;
    };
    // The control: with nothing changed this signature is good.
    expect((await me(sign(header, payload))).status).toBe(200);
    const { exp: _, ...endless } = payload;
    const { sid: __, ...withoutSession } = payload;
    const wrong: Record<string, string> = {
      audience: sign(header, { ...payload, aud: "another" }),
      issuer: sign(header, { ...payload, iss: "another" }),
      type: sign({ ...header, typ: "JWT" }, payload),
      "type missing": sign({ alg: "HS256" }, payload),
      "no end": sign(header, endless),
      "no session": sign(header, withoutSession),
      "another's session": sign(header, { ...payload, sub: ben.id }),
      "an unknown session": sign(header, { ...payload, sid: Bun.randomUUIDv7() }),
      "an unknown person": sign(header, { ...payload, sub: Bun.randomUUIDv7() }),
      "a person that is no text": sign(header, { ...payload, sub: { id: ann.id } }),
    };
    for (const [what, token] of Object.entries(wrong)) {
      expect({ what, outcome: (await me(token)).outcome }).toEqual({ what, outcome: "401 UNAUTHENTICATED" });
    }
  });

  test("is refused wherever guests would be answered, too: a bad token is never a guest", async () => {
    expect((await request(server, "GET", "/rooms")).status).toBe(200);
    expect((await request(server, "GET", "/rooms", undefined, { token: "nonsense" })).outcome).toBe(
      "401 UNAUTHENTICATED",
    );
    const scheme = await request(server, "GET", "/rooms", undefined, { headers: { authorization: "Basic YTpi" } });
    expect(scheme.status).toBe(401);
  });

  test("that has ended is TOKEN_EXPIRED, and closes its socket with 4002 unless a fresh one came", async () => {
    const carl = await (await people(server, "carl")).carl.onAnotherDevice();
    const left = await carl.connect();
    const renewed = await carl.connect();
    await pass(55 * 60_000, left, renewed);
    const fresh = (await request(server, "POST", "/auth/refresh", undefined, { token: carl.refreshToken })).as(
      credentials,
    );
    const ack = await renewed.ack("authenticate", { token: fresh.token });
    expect(ack.payload.expires_at).toBe(fresh.expires_at);
    await pass(4 * 60_000 + 50_000, left, renewed);
    clock.advance(11_000);
    expect((await closing(left)).code).toBe(4002);
    expect((await me(carl.token)).outcome).toBe("401 TOKEN_EXPIRED");
    await renewed.fence();
    expect((await me(fresh.token)).status).toBe(200);
    renewed.close();
  });

  test("of another person does not renew a socket", async () => {
    const [annAgain, benAgain] = await Promise.all([ann.onAnotherDevice(), ben.onAnotherDevice()]);
    const socket = await annAgain.connect();
    const refusal = await socket.refused("authenticate", { token: benAgain.token });
    expect(["FORBIDDEN", "UNAUTHENTICATED"]).toContain(refusal.code);
    const wrong = await socket.refused("authenticate", { token: "nonsense" });
    expect(wrong.code).toBe("UNAUTHENTICATED");
    socket.close();
  });
});

describe("a ticket", () => {
  const open = (ticket: string) =>
    RawWebSocket.open(`${server.wsUrl}?ticket=${ticket}`).then(
      (socket) => (socket.destroy(), "opened"),
      (error: Error) => error.message.slice(0, 12),
    );
  const device = () => ann.onAnotherDevice();

  test("opens one socket, once, also when many try at once", async () => {
    const ticket = await (await device()).ticket();
    const outcomes = await Promise.all(Array.from({ length: 20 }, () => open(ticket)));
    expect(outcomes.filter((outcome) => outcome === "opened")).toHaveLength(1);
    expect(await open(ticket)).toBe("HTTP/1.1 401");
  });

  test("ends after 30 seconds", async () => {
    const person = await device();
    const [early, late] = [await person.ticket(), await person.ticket()];
    clock.advance(29_000);
    expect(await open(early)).toBe("opened");
    clock.advance(2_000);
    expect(await open(late)).toBe("HTTP/1.1 401");
  });

  test("signs in whom it was made for, and dies with their session", async () => {
    const person = await device();
    const socket = await person.connect({ by: "ticket" });
    expect(socket.seen("connected")[0]?.user_id).toBe(ann.id);
    socket.close();
    const ticket = await person.ticket();
    await person.http("POST", "/auth/logout");
    expect(await open(ticket)).toBe("HTTP/1.1 401");
  });

  test("changed by a letter, or made longer-lived, opens nothing", async () => {
    const ticket = await (await device()).ticket();
    expect(await open(`${ticket}0`)).toBe("HTTP/1.1 401");
    expect(await open(ticket.replace(/^./, (letter) => (letter === "A" ? "B" : "A")))).toBe("HTTP/1.1 401");
    expect(await open(ticket)).toBe("opened");
  });
});

describe("a refresh token", () => {
  const trade = (token: string) => request(server, "POST", "/auth/refresh", undefined, { token });
  const device = () => ben.onAnotherDevice();

  test("works once, and its successor goes on", async () => {
    const { refreshToken } = await device();
    const second = (await trade(refreshToken)).as(credentials);
    const third = (await trade(second.refresh_token ?? "")).as(credentials);
    expect((await me(third.token)).status).toBe(200);
  });

  test("gives two tabs at once the same successor, once a moment later too, while that is unused", async () => {
    const { refreshToken } = await device();
    const answers = await Promise.all(Array.from({ length: 5 }, () => trade(refreshToken)));
    const successors = new Set(answers.map((answer) => answer.as(credentials).refresh_token));
    expect(successors.size).toBe(1);
    clock.advance(9_000);
    expect((await trade(refreshToken)).as(credentials).refresh_token).toBe([...successors][0] ?? "");
    expect((await trade([...successors][0] ?? "")).status).toBe(200);
  });

  test("used again after its successor was used ends the session and its sockets at once", async () => {
    const stolen = await device();
    const socket = await stolen.connect();
    const second = (await trade(stolen.refreshToken)).as(credentials);
    const third = (await trade(second.refresh_token ?? "")).as(credentials);
    expect((await trade(stolen.refreshToken)).outcome).toBe("401 UNAUTHENTICATED");
    expect((await closing(socket)).code).toBe(4001);
    for (const token of [stolen.token, second.token, third.token]) {
      expect((await me(token)).outcome).toBe("401 UNAUTHENTICATED");
    }
    expect((await trade(third.refresh_token ?? "")).outcome).toBe("401 UNAUTHENTICATED");
  });

  test("used again later than ten seconds ends the session", async () => {
    const { refreshToken } = await device();
    const second = (await trade(refreshToken)).as(credentials);
    clock.advance(11_000);
    expect((await trade(refreshToken)).outcome).toBe("401 UNAUTHENTICATED");
    expect((await me(second.token)).outcome).toBe("401 UNAUTHENTICATED");
  });

  test("of one device ends nobody else's session", async () => {
    const [one, two] = await Promise.all([device(), device()]);
    const second = (await trade(one.refreshToken)).as(credentials);
    await trade(second.refresh_token ?? "");
    await trade(one.refreshToken);
    expect((await me(two.token)).status).toBe(200);
  });

  test("that was not made here, or is an access token, is a 401", async () => {
    const { refreshToken, token } = await device();
    const [session, generation, mac] = refreshToken.split(".");
    const forged = [
      token,
      `${session}.${Number(generation) + 1}.${mac}`,
      `${Bun.randomUUIDv7()}.${generation}.${mac}`,
      `${session}.${generation}.${"A".repeat(43)}`,
      `${session}.${generation}`,
      "",
    ];
    for (const each of forged) expect((await trade(each)).status).toBe(401);
    expect((await trade(refreshToken)).status).toBe(200);
  });

  test("ends with its time, which every use renews", async () => {
    const { refreshToken } = await device();
    clock.advance(6 * 86_400_000);
    const second = (await trade(refreshToken)).as(credentials);
    clock.advance(6 * 86_400_000);
    const third = (await trade(second.refresh_token ?? "")).as(credentials);
    clock.advance(7 * 86_400_000 + 1_000);
    expect((await trade(third.refresh_token ?? "")).outcome).toBe("401 UNAUTHENTICATED");
  });
});
