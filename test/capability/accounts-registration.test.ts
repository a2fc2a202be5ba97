import { afterEach, describe, expect, test } from "bun:test";
import { z } from "zod";
import * as models from "../../src/protocol/models.ts";
import { addUser } from "../../src/server/accounts/manage.ts";
import { offerSetupLink } from "../../src/server/accounts/first-administrator.ts";
import { ManualClock } from "../support/clock.ts";
import { forEachDialect } from "../support/dialects.ts";
import type { ServerOptions } from "../support/environment.ts";
import { Person, person, request, testPassword } from "../support/people.ts";
import { startServer, type TestServer } from "../support/server.ts";
import { from, signIn } from "./accounts-rig.ts";

const registered = z.object({ user: models.me });

forEachDialect((dialect) => {
  const clock = new ManualClock(Date.now());
  let server: TestServer;
  const start = async (env: ServerOptions["env"] = {}, more: Parameters<typeof startServer>[0] = {}) => {
    server = await startServer({ dialect, clock, env, ...more });
  };
  afterEach(() => server.stop());

  const register = (username: string, invite_code?: string, headers: Record<string, string> = {}) =>
    request(
      server,
      "POST",
      "/auth/register",
      { username, password: testPassword, ...(invite_code !== undefined && { invite_code }) },
      { headers },
    );
  /** An administrator, made as the operator makes one. */
  const administrator = async (): Promise<Person> => {
    await addUser(server.context, { username: "root", password: testPassword, role: "admin" });
    const answer = await signIn(server, "root", testPassword);
    return new Person(server, testPassword, answer.as(models.credentials.required().extend({ user: models.me })));
  };

  describe("invitations", () => {
    test("let in as many as they say, until they end, also ten at once", async () => {
      await start({ REGISTRATION: "invite" });
      const root = await administrator();
      expect((await register("early")).outcome).toBe("403 INVITE_REQUIRED");
      const invite = (await root.http("POST", "/admin/invites", { max_uses: 2, expires_in_s: 3_600 })).as(
        models.registrationInvite.strict(),
      );
      expect(invite).toMatchObject({ created_by: root.id, max_uses: 2, uses: 0 });
      expect(invite.url).toBe(`${server.url}/invite/${invite.code}`);
      expect(invite.expires_at).toBe(new Date(clock.now() + 3_600_000).toISOString());
      const outcomes = await Promise.all(
        Array.from({ length: 10 }, async (_, i) => (await register(`guest-${i}`, invite.code)).outcome),
      );
      expect(outcomes.filter((outcome) => outcome === "201")).toHaveLength(2);
      expect(outcomes.filter((outcome) => outcome === "403 INVITE_REQUIRED")).toHaveLength(8);
      const list = await root.http("GET", "/admin/invites");
      expect(list.data).toEqual([{ ...invite, uses: 2 }]);
      expect(list.meta).toEqual({ page: 1, per_page: 50, total: 1, has_more: false });
    });

    test("a refused registration does not use one up", async () => {
      await start({ REGISTRATION: "invite" });
      const root = await administrator();
      const { code } = (await root.http("POST", "/admin/invites", { max_uses: 1 })).as(models.registrationInvite);
      expect((await register("root", code)).outcome).toBe("409 USERNAME_TAKEN");
      expect((await register("ann", code)).outcome).toBe("201");
    });

    test("end by time, or when they are withdrawn", async () => {
      await start({ REGISTRATION: "invite" });
      const root = await administrator();
      const make = async (body: object) =>
        (await root.http("POST", "/admin/invites", body)).as(models.registrationInvite).code;
      const [short, endless] = [await make({ expires_in_s: 60 }), await make({})];
      clock.advance(60_001);
      expect((await register("late", short)).outcome).toBe("403 INVITE_REQUIRED");
      expect((await register("timely", endless)).outcome).toBe("201");
      expect((await root.http("DELETE", `/admin/invites/${endless}`)).outcome).toBe("200");
      expect((await register("too-late", endless)).outcome).toBe("403 INVITE_REQUIRED");
      for (const code of [endless, "%00", "x"]) {
        expect((await root.http("DELETE", `/admin/invites/${code}`)).outcome).toBe("404 INVITE_NOT_FOUND");
      }
    });

    test.each(["x", "", "\u0000", "%", "' OR 1=1 --", "x".repeat(200)])("%j is none", async (code) => {
      await start({ REGISTRATION: "invite" });
      expect((await register("ann", code)).status).toBe(code === "" ? 422 : 403);
    });

    test("are the administrators' alone", async () => {
      await start();
      const ann = await person(server, "ann");
      expect((await ann.http("POST", "/admin/invites", {})).outcome).toBe("403 FORBIDDEN");
      expect((await ann.http("GET", "/admin/invites")).outcome).toBe("403 FORBIDDEN");
      expect((await ann.http("DELETE", "/admin/invites/x")).outcome).toBe("403 FORBIDDEN");
    });

    test("refuse wrong bounds", async () => {
      await start();
      const root = await administrator();
      for (const body of [
        { max_uses: 0 },
        { max_uses: 1.5 },
        { expires_in_s: 0 },
        { max_uses: "2" },
        { code: "abc" },
      ]) {
        expect((await root.http("POST", "/admin/invites", body)).outcome).toBe("422 VALIDATION_ERROR");
      }
    });
  });

  test.each([
    ["closed", "403 REGISTRATION_CLOSED"],
    ["invite", "403 INVITE_REQUIRED"],
  ])("while registration is %s nobody registers", async (registration, outcome) => {
    await start({ REGISTRATION: registration });
    expect((await register("ann")).outcome).toBe(outcome);
    expect((await signIn(server, "ann", testPassword)).outcome).toBe("401 INVALID_CREDENTIALS");
  });

  describe("the first administrator", () => {
    /** The set-up link's code can only be read in the log: here it is offered anew and caught on its way there. */
    const offeredCode = async (): Promise<string | undefined> => {
      let url: string | undefined;
      const log = Object.create(server.context.log, {
        warn: { value: (_: string, fields: { setup_url: string }) => (url = fields.setup_url) },
      });
      await offerSetupLink({ ...server.context, log });
      return url?.split("#")[1];
    };

    test.each(["open", "invite", "closed"])("comes by the set-up link while registration is %s, once", async (mode) => {
      await start({ REGISTRATION: mode });
      const code = await offeredCode();
      const answers = await Promise.all(Array.from({ length: 5 }, (_, i) => register(`boss-${i}`, code)));
      const made = answers.flatMap((answer) => (answer.status === 201 ? [answer.as(registered).user.role] : []));
      expect(made.filter((role) => role === "admin")).toHaveLength(1);
      // Where all may register, a code that was used makes an account like others.
      if (mode !== "open") expect(made).toHaveLength(1);
      const later = await register("late", code);
      if (mode === "open") expect(later.data).toMatchObject({ user: { role: "user" } });
      else expect(later.status).toBe(403);
    });

    test("is not offered once there is one, and an older link is worthless then", async () => {
      await start();
      const code = await offeredCode();
      expect(code).toMatch(/^[\w-]{43}$/);
      await administrator();
      expect(await offeredCode()).toBeUndefined();
      expect((await register("usurper", code)).data).toMatchObject({ user: { role: "user" } });
    });

    test("a new start makes the former link worthless", async () => {
      await start({ REGISTRATION: "closed" }, { onOneNode: "the links of nodes that start together all work" });
      const former = await offeredCode();
      const present = await offeredCode();
      expect((await register("late", former)).outcome).toBe("403 REGISTRATION_CLOSED");
      expect((await register("boss", present)).outcome).toBe("201");
    });
  });

  describe("limits", () => {
    const limited = { RATE_LIMITS: "on", TRUST_PROXY: "127.0.0.1" };

    test("thirty registrations an hour come from one address, and others are not in the way", async () => {
      await start(limited);
      const one = from("192.0.2.1");
      const answers = await Promise.all(Array.from({ length: 40 }, (_, i) => register(`crowd-${i}`, undefined, one)));
      expect(answers.filter((answer) => answer.status === 201)).toHaveLength(30);
      const refused = answers.find((answer) => answer.status === 429);
      expect(refused?.outcome).toBe("429 RATE_LIMITED");
      expect(Number(refused?.headers.get("retry-after"))).toBeGreaterThan(0);
      expect((await register("elsewhere", undefined, from("192.0.2.2"))).outcome).toBe("201");
      clock.advance(3_600_000);
      expect((await register("patient", undefined, one)).outcome).toBe("201");
    });

    test("ten wrong passwords a minute come from one address; whom they tried signs in from elsewhere", async () => {
      await start(limited);
      await person(server, "victim");
      const attacker = { headers: from("192.0.2.3") };
      const guesses = await Promise.all(
        Array.from({ length: 30 }, (_, i) => signIn(server, "victim", `guess number ${i}`, attacker)),
      );
      expect(guesses.filter((answer) => answer.status === 401).length).toBeLessThanOrEqual(12);
      expect(guesses.filter((answer) => answer.status === 429).length).toBeGreaterThanOrEqual(18);
      expect((await signIn(server, "victim", testPassword, attacker)).outcome).toBe("429 RATE_LIMITED");
      expect((await signIn(server, "victim", testPassword, { headers: from("192.0.2.4") })).outcome).toBe("200");
      clock.advance(60_000);
      expect((await signIn(server, "victim", testPassword, attacker)).outcome).toBe("200");
    });

    test("right passwords are not counted", async () => {
      await start(limited);
      await person(server, "busy");
      for (let i = 0; i < 15; i++) expect((await signIn(server, "busy", testPassword)).outcome).toBe("200");
    });

    test("all addresses of a /64 are one", async () => {
      await start(limited);
      await person(server, "six");
      for (let i = 0; i < 10; i++) {
        await signIn(server, "six", "a wrong password", { headers: from(`2001:db8:0:1::${i + 1}`) });
      }
      const wide = { headers: from("2001:db8::1:ffff:0:0:1") };
      expect((await signIn(server, "six", testPassword, wide)).outcome).toBe("429 RATE_LIMITED");
      const other = { headers: from("2001:db8:0:2::1") };
      expect((await signIn(server, "six", testPassword, other)).outcome).toBe("200");
    });

    test("guesses at one's own password by whoever sits at the session are counted too", async () => {
      await start(limited);
      const ann = await person(server, "ann");
      const guess = (password: string) => ann.http("DELETE", "/users/me", { password });
      for (let i = 0; i < 10; i++) expect((await guess(`guess ${i}`)).outcome).toBe("401 INVALID_CREDENTIALS");
      expect((await guess(testPassword)).outcome).toBe("429 RATE_LIMITED");
    });

    test("asking for mails is bounded without saying so", async () => {
      await start(limited);
      await person(server, "ann", { email: "ann@example.org" });
      for (let i = 0; i < 15; i++) {
        const answer = await request(server, "POST", "/auth/password/forgot", { email: "ann@example.org" });
        expect(answer.outcome).toBe("202");
      }
      for (const { jobs } of server.contexts) await jobs.stop();
      const { db } = server.context;
      const stored = await db.read.select().from(db.tables.one_time_tokens);
      expect(stored.filter((token) => token.kind === "reset_password")).toHaveLength(3);
    });
  });
});
