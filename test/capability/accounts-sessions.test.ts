import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { SignJWT } from "jose";
import { createHmac } from "node:crypto";
import { z } from "zod";
import * as models from "../../src/protocol/models.ts";
import { keys } from "../../src/server/accounts/keys.ts";
import { redeemTicket } from "../../src/server/accounts/ticket.ts";
import { AppError } from "../../src/server/platform/app-error.ts";
import { ManualClock } from "../support/clock.ts";
import { forEachDialect } from "../support/dialects.ts";
import { person, request, testPassword, type Answer, type Person } from "../support/people.ts";
import { startServer, type TestServer } from "../support/server.ts";
import { refresh, signIn } from "./accounts-rig.ts";

const minute = 60_000;
const fullCredentials = models.credentials.required();
const decode = (part: string | undefined): unknown => JSON.parse(Buffer.from(part ?? "", "base64url").toString());
const encode = (value: unknown) => Buffer.from(JSON.stringify(value)).toString("base64url");

forEachDialect((dialect) => {
  const clock = new ManualClock(Date.now());
  let server: TestServer;
  beforeAll(async () => {
    server = await startServer({ dialect, clock });
  });
  afterAll(() => server.stop());

  let count = 0;
  const someone = () => person(server, `${dialect}-${++count}`);
  const me = (token: string) => request(server, "GET", "/users/me", undefined, { token });
  const tokens = (answer: Answer) => answer.as(fullCredentials);
  const sessionsOf = async (who: Person) => (await who.http("GET", "/auth/sessions")).as(z.array(models.session));

  describe("a refresh token", () => {
    test("gives new tokens, which work", async () => {
      const ann = await someone();
      const next = tokens(await refresh(server, ann.refreshToken));
      expect(next.token).not.toBe(ann.token);
      expect(next.refresh_token).not.toBe(ann.refreshToken);
      expect((await me(next.token)).outcome).toBe("200");
      expect((await me(ann.token)).outcome).toBe("200"); // the former lives until its time
      expect((await refresh(server, next.refresh_token)).outcome).toBe("200");
    });

    test("gives the same successor again within ten seconds, while that is unused", async () => {
      const ann = await someone();
      const first = tokens(await refresh(server, ann.refreshToken));
      clock.advance(9_000);
      const again = tokens(await refresh(server, ann.refreshToken));
      expect(again.refresh_token).toBe(first.refresh_token);
      expect((await refresh(server, again.refresh_token)).outcome).toBe("200");
    });

    test("used again after ten seconds ends the session", async () => {
      const ann = await someone();
      const next = tokens(await refresh(server, ann.refreshToken));
      clock.advance(10_001);
      expect((await refresh(server, ann.refreshToken)).outcome).toBe("401 UNAUTHENTICATED");
      expect((await refresh(server, next.refresh_token)).outcome).toBe("401 UNAUTHENTICATED");
      expect((await me(next.token)).outcome).toBe("401 UNAUTHENTICATED");
      expect((await me(ann.token)).outcome).toBe("401 UNAUTHENTICATED");
    });

    test("used again after its successor was used ends the session at once", async () => {
      const ann = await someone();
      const elsewhere = await ann.onAnotherDevice();
      const second = tokens(await refresh(server, ann.refreshToken));
      const third = tokens(await refresh(server, second.refresh_token));
      expect((await refresh(server, ann.refreshToken)).outcome).toBe("401 UNAUTHENTICATED");
      expect((await me(third.token)).outcome).toBe("401 UNAUTHENTICATED");
      expect((await me(elsewhere.token)).outcome).toBe("200");
    });

    test("traded by ten at once gives all the same successor", async () => {
      const ann = await someone();
      const answers = await Promise.all(Array.from({ length: 10 }, () => refresh(server, ann.refreshToken)));
      expect(new Set(answers.map((answer) => tokens(answer).refresh_token)).size).toBe(1);
      expect((await me(tokens(answers[9]!).token)).outcome).toBe("200");
    });

    test("prolongs the session, which otherwise ends after a week", async () => {
      const ann = await someone();
      const idle = await ann.onAnotherDevice();
      clock.advance(6 * 24 * 60 * minute);
      const next = tokens(await refresh(server, ann.refreshToken));
      clock.advance(2 * 24 * 60 * minute);
      expect((await refresh(server, idle.refreshToken)).outcome).toBe("401 UNAUTHENTICATED");
      const later = tokens(await refresh(server, next.refresh_token));
      expect((await me(later.token)).outcome).toBe("200");
    });

    test("is no access token, and an access token is no refresh token", async () => {
      const ann = await someone();
      expect((await me(ann.refreshToken)).outcome).toBe("401 UNAUTHENTICATED");
      expect((await refresh(server, ann.token)).outcome).toBe("401 UNAUTHENTICATED");
    });

    test("that was changed in any part is refused, and harms nothing", async () => {
      const ann = await someone();
      const [session = "", generation = "", mac = ""] = ann.refreshToken.split(".");
      const forged = createHmac("sha256", keys(server.context).accessToken).update(`${session}.5`).digest("base64url");
      for (const token of [
        `${session}.${Number(generation) + 1}.${mac}`,
        `${session}.5.${forged}`,
        `${Bun.randomUUIDv7()}.${generation}.${mac}`,
        `${session}.${generation}.${mac.slice(0, -2)}AA`,
        `${session}.${generation}`,
        `${session}.${generation}.`,
        `${session}.0${generation}.${mac}`,
        `${session}.-1.${mac}`,
        "x",
        "..",
        "a".repeat(4096),
      ]) {
        expect((await refresh(server, token)).outcome).toBe("401 UNAUTHENTICATED");
      }
      expect((await refresh(server, ann.refreshToken)).outcome).toBe("200");
    });
  });

  describe("the refresh cookie", () => {
    const cookieMode = { headers: { "parley-refresh": "cookie" } };
    const cookieOf = (answer: Answer) => answer.headers.get("set-cookie") ?? "";
    const withCookie = (cookie: string) => ({
      headers: { ...cookieMode.headers, cookie: cookie.split(";")[0] ?? "" },
    });

    test("takes the place of the token in the body, out of reach of scripts", async () => {
      const ann = await someone();
      const answer = await request(
        server,
        "POST",
        "/auth/login",
        { username: ann.username, password: testPassword },
        cookieMode,
      );
      expect(answer.text).not.toContain("refresh_token");
      const cookie = cookieOf(answer);
      expect(cookie).toMatch(/^parley_refresh=[^;]+; /);
      for (const attribute of ["HttpOnly", "SameSite=Strict", "Path=/api/v1/auth", "Max-Age=604800"]) {
        expect(cookie).toContain(attribute);
      }
      expect(cookie).not.toContain("Secure"); // plain HTTP here
      const next = await request(server, "POST", "/auth/refresh", undefined, withCookie(cookie));
      expect(next.text).not.toContain("refresh_token");
      expect((await me(next.as(models.credentials).token)).outcome).toBe("200");
      expect(cookieOf(next)).not.toBe(cookie);
    });

    test("counts only beside the header that no form can send", async () => {
      const ann = await someone();
      const cookie = `parley_refresh=${ann.refreshToken}`;
      const plain = await request(server, "POST", "/auth/refresh", undefined, { headers: { cookie } });
      expect(plain.outcome).toBe("401 UNAUTHENTICATED");
      const meant = await request(server, "POST", "/auth/refresh", undefined, withCookie(cookie));
      expect(meant.outcome).toBe("200");
    });

    test("signs out when the access token is gone", async () => {
      const ann = await someone();
      const options = withCookie(`parley_refresh=${ann.refreshToken}`);
      const answer = await request(server, "POST", "/auth/logout", undefined, options);
      expect(answer.outcome).toBe("200");
      expect(cookieOf(answer)).toContain("Max-Age=0");
      expect((await me(ann.token)).outcome).toBe("401 UNAUTHENTICATED");
      expect((await request(server, "POST", "/auth/logout", undefined, options)).outcome).toBe("401 UNAUTHENTICATED");
    });
  });

  describe("an access token", () => {
    test("ends after a day", async () => {
      const ann = await someone();
      clock.advance(24 * 60 * minute - 2_000);
      expect((await me(ann.token)).outcome).toBe("200");
      clock.advance(3_000);
      expect((await me(ann.token)).outcome).toBe("401 TOKEN_EXPIRED");
      expect((await me(ann.token)).outcome).toBe("401 TOKEN_EXPIRED");
    });

    test("is ours, whole, and of the right kind, or refused", async () => {
      const ann = await someone();
      const [header, payload, signature = ""] = ann.token.split(".");
      const claims = z.record(z.string(), z.unknown()).parse(decode(payload));
      const key = keys(server.context).accessToken;
      const sign = (body: object, typ = "at+jwt", alg = "HS256", secret: Uint8Array = key) =>
        new SignJWT({ ...claims, ...body }).setProtectedHeader({ alg, typ }).sign(secret);
      const without = (claim: string) =>
        new SignJWT(Object.fromEntries(Object.entries(claims).filter(([name]) => name !== claim)))
          .setProtectedHeader({ alg: "HS256", typ: "at+jwt" })
          .sign(key);
      expect((await me(await sign({}))).outcome).toBe("200"); // so that the others fail for their own reason
      const bad = [
        `${encode({ alg: "none", typ: "at+jwt" })}.${payload}.`,
        `${encode({ alg: "none", typ: "at+jwt" })}.${payload}.${signature}`,
        `${header}.${encode({ ...claims, sub: Bun.randomUUIDv7() })}.${signature}`,
        `${header}.${payload}.`,
        `${header}.${payload}`,
        `${header}.${payload}.${signature.slice(0, -4)}AAAA`,
        await sign({}, "JWT"),
        await sign({}, "rt+jwt"),
        await sign({}, "at+jwt", "HS512", new Uint8Array(64).fill(1)),
        await sign({}, "at+jwt", "HS256", server.context.secret),
        await sign({}, "at+jwt", "HS256", keys(server.context).refreshToken),
        await sign({ aud: "another" }),
        await sign({ iss: "another" }),
        await sign({ sub: "1" }),
        await sign({ sub: Bun.randomUUIDv7() }),
        await sign({ sid: Bun.randomUUIDv7() }),
        await sign({ sid: 7 }),
        await sign({ nbf: Math.floor(clock.now() / 1000) + 3_600 }),
        await without("exp"),
        await without("sub"),
        await without("sid"),
        await without("aud"),
        await without("iss"),
        "x".repeat(4096),
        "a b",
      ];
      for (const token of bad) expect((await me(token)).outcome).toBe("401 UNAUTHENTICATED");
      for (const value of [
        `Basic ${ann.token}`,
        ann.token,
        "Bearer",
        `Bearer ${ann.token} x`,
        "Bearer x".repeat(900),
      ]) {
        const answer = await request(server, "GET", "/users/me", undefined, { headers: { authorization: value } });
        expect(answer.outcome).toBe("401 UNAUTHENTICATED");
      }
    });

    test("of another's session does not speak for them", async () => {
      const [ann, ben] = [await someone(), await someone()];
      const claims = z.record(z.string(), z.unknown()).parse(decode(ben.token.split(".")[1]));
      const crossed = await new SignJWT({ ...claims, sub: ann.id })
        .setProtectedHeader({ alg: "HS256", typ: "at+jwt" })
        .sign(keys(server.context).accessToken);
      expect((await me(crossed)).outcome).toBe("401 UNAUTHENTICATED");
    });
  });

  describe("devices", () => {
    test("are listed by name, address and last use, with the present one marked", async () => {
      const ann = await someone();
      clock.advance(minute);
      const phone = await ann.onAnotherDevice("Ann's phone");
      clock.advance(minute);
      const firefox = await request(
        server,
        "POST",
        "/auth/login",
        { username: ann.username, password: testPassword },
        { headers: { "user-agent": "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0" } },
      );
      expect(firefox.outcome).toBe("200");
      const sessions = await sessionsOf(phone);
      expect(sessions.map((session) => session.device_name)).toEqual([
        "Firefox on Linux",
        "Ann's phone",
        expect.any(String),
      ]);
      expect(sessions.map((session) => session.current)).toEqual([false, true, false]);
      expect(sessions[0]?.ip).toBe("127.0.0.1");
      expect((await phone.http("GET", "/auth/sessions?per_page=2")).meta).toEqual({
        page: 1,
        per_page: 2,
        total: 3,
        has_more: true,
      });
    });

    test("one ends any of one's own, and the others stay", async () => {
      const ann = await someone();
      const phone = await ann.onAnotherDevice();
      const laptop = await ann.onAnotherDevice();
      const phoneSession = (await sessionsOf(phone)).find((session) => session.current);
      expect((await ann.http("DELETE", `/auth/sessions/${phoneSession?.id}`)).outcome).toBe("200");
      expect((await me(phone.token)).outcome).toBe("401 UNAUTHENTICATED");
      expect((await refresh(server, phone.refreshToken)).outcome).toBe("401 UNAUTHENTICATED");
      expect((await me(laptop.token)).outcome).toBe("200");
      expect(await sessionsOf(ann)).toHaveLength(2);
    });

    test("another's session is as unknown as none", async () => {
      const [ann, ben] = [await someone(), await someone()];
      const his = (await sessionsOf(ben))[0]?.id;
      for (const id of [his, Bun.randomUUIDv7(), "x", "%00"]) {
        expect((await ann.http("DELETE", `/auth/sessions/${id}`)).outcome).toBe("404 SESSION_NOT_FOUND");
      }
      expect((await me(ben.token)).outcome).toBe("200");
    });

    test("signing out ends this session, everywhere ends all", async () => {
      const ann = await someone();
      const [phone, laptop] = [await ann.onAnotherDevice(), await ann.onAnotherDevice()];
      expect((await phone.http("POST", "/auth/logout")).outcome).toBe("200");
      expect((await me(phone.token)).outcome).toBe("401 UNAUTHENTICATED");
      expect((await me(laptop.token)).outcome).toBe("200");
      expect((await ann.http("POST", "/auth/logout-all")).outcome).toBe("200");
      for (const { token } of [ann, laptop]) expect((await me(token)).outcome).toBe("401 UNAUTHENTICATED");
      expect((await signIn(server, ann.username, testPassword)).outcome).toBe("200");
    });
  });

  describe("a socket ticket", () => {
    const redeem = (ticket: string) =>
      redeemTicket(server.context, ticket).then(
        ({ actor }) => actor.id,
        (error: unknown) => (error instanceof AppError ? error.code : error),
      );

    test("speaks for who asked, once, also when ten use it at once", async () => {
      const ann = await someone();
      const ticket = await ann.ticket();
      const results = await Promise.all(Array.from({ length: 10 }, () => redeem(ticket)));
      expect(results.filter((result) => result === ann.id)).toHaveLength(1);
      expect(results.filter((result) => result === "UNAUTHENTICATED")).toHaveLength(9);
    });

    test("ends after thirty seconds, and with its session", async () => {
      const ann = await someone();
      const [late, early, orphan] = [await ann.ticket(), await ann.ticket(), await ann.ticket()];
      clock.advance(29_000);
      expect(await redeem(early)).toBe(ann.id);
      clock.advance(1_001);
      expect(await redeem(late)).toBe("UNAUTHENTICATED");
      await ann.http("POST", "/auth/logout");
      expect(await redeem(orphan)).toBe("UNAUTHENTICATED");
      const ben = await someone();
      const ticket = await ben.ticket();
      await ben.http("POST", "/auth/logout");
      expect(await redeem(ticket)).toBe("UNAUTHENTICATED");
    });

    test("cannot be made to live longer, and is nothing else", async () => {
      const ann = await someone();
      const ticket = await ann.ticket();
      const [secret] = ticket.split(".");
      for (const forged of [`${secret}.999999999999999`, `${secret}`, "", "x", ann.token, ann.refreshToken]) {
        expect(await redeem(forged)).toBe("UNAUTHENTICATED");
      }
      expect((await me(ticket)).outcome).toBe("401 UNAUTHENTICATED");
      expect(await redeem(ticket)).toBe(ann.id);
    });

    test("lets a socket live no longer than the token that asked for it", async () => {
      const ann = await someone();
      const { exp } = z.object({ exp: z.number() }).parse(decode(ann.token.split(".")[1]));
      clock.advance(10 * minute);
      expect((await redeemTicket(server.context, await ann.ticket())).expiresAtMs).toBe(exp * 1000);
    });
  });

  test("no token, ticket or password is stored as it is", async () => {
    const ann = await someone();
    const ticket = await ann.ticket();
    const { db } = server.context;
    const stored = JSON.stringify([
      await db.read.select().from(db.tables.users),
      await db.read.select().from(db.tables.sessions),
      await db.read.select().from(db.tables.one_time_tokens),
    ]);
    for (const secret of [ticket, ticket.split(".")[0]!, ann.token, ann.refreshToken, testPassword]) {
      expect(stored).not.toContain(secret);
    }
  });
});
