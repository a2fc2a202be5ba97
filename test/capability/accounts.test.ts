import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { z } from "zod";
import * as models from "../../src/protocol/models.ts";
import { forEachDialect } from "../support/dialects.ts";
import { people, person, request, testPassword } from "../support/people.ts";
import { startServer, type TestServer } from "../support/server.ts";
import { signIn } from "./accounts-rig.ts";

forEachDialect((dialect) => {
  let server: TestServer;
  beforeAll(async () => {
    server = await startServer({ dialect });
  });
  afterAll(() => server.stop());

  const register = (body: unknown, headers?: Record<string, string>) =>
    request(server, "POST", "/auth/register", body, headers ? { headers } : {});

  describe("registering", () => {
    test("gives oneself and working tokens", async () => {
      const answer = await register({
        username: "Ada.L",
        password: testPassword,
        email: "Ada@Example.org",
        display_name: "Ada Lovelace",
        gender: "female",
      });
      expect(answer.status).toBe(201);
      const signedIn = answer.as(models.credentials.extend({ user: models.me }));
      expect(signedIn.user).toMatchObject({
        username: "Ada.L",
        display_name: "Ada Lovelace",
        email: "ada@example.org",
        email_verified: false,
        gender: "female",
        role: "user",
        privacy: { read_receipts: true, last_seen: true, direct_messages: "everyone" },
        status: "online",
      });
      expect(answer.text).not.toContain("password");
      const me = await request(server, "GET", "/users/me", undefined, { token: signedIn.token });
      expect(me.as(models.me)).toEqual(signedIn.user);
      expect(Date.parse(signedIn.expires_at) - Date.now()).toBeGreaterThan(23 * 3_600_000);
    });

    test("needs no more than a name and a password", async () => {
      const answer = await register({ username: "minimal", password: testPassword });
      expect(answer.as(z.object({ user: models.me })).user).toMatchObject({ display_name: "minimal", email: null });
    });

    test.each(["Look-Alike", "LOOK-ALIKE", "l00k-alike", "1ook-aIike"])(
      "%s is taken beside look-alike",
      async (taken) => {
        await register({ username: "look-alike", password: testPassword });
        expect((await register({ username: taken, password: testPassword })).outcome).toBe("409 USERNAME_TAKEN");
      },
    );

    test("rn and m, vv and w are one name; another separator is another name", async () => {
      await people(server, "modern", "wave", "dot.dash");
      expect((await register({ username: "modem", password: testPassword })).outcome).toBe("409 USERNAME_TAKEN");
      expect((await register({ username: "vvave", password: testPassword })).outcome).toBe("409 USERNAME_TAKEN");
      expect((await register({ username: "dot_dash", password: testPassword })).outcome).toBe("201");
    });

    test("nobody is called what mentions everybody", async () => {
      expect((await register({ username: "All", password: testPassword })).outcome).toBe("409 USERNAME_TAKEN");
    });

    test("an address belongs to one account, whatever its case", async () => {
      await register({ username: "mail-first", password: testPassword, email: "one@example.org" });
      const second = await register({ username: "mail-second", password: testPassword, email: "ONE@example.ORG" });
      expect(second.outcome).toBe("409 EMAIL_TAKEN");
      expect((await signIn(server, "mail-second", testPassword)).outcome).toBe("401 INVALID_CREDENTIALS");
    });

    test("of twenty at once with one name one gets it", async () => {
      const outcomes = await Promise.all(
        Array.from({ length: 20 }, async () => (await register({ username: "racer", password: testPassword })).outcome),
      );
      expect(outcomes.filter((outcome) => outcome === "201")).toHaveLength(1);
      expect(outcomes.filter((outcome) => outcome === "409 USERNAME_TAKEN")).toHaveLength(19);
    });

    test("of twenty at once with one address one gets it", async () => {
      const outcomes = await Promise.all(
        Array.from({ length: 20 }, async (_, i) => {
          const body = { username: `mail-racer-${i}`, password: testPassword, email: "race@example.org" };
          return (await register(body)).outcome;
        }),
      );
      expect(outcomes.filter((outcome) => outcome === "201")).toHaveLength(1);
      expect(outcomes.filter((outcome) => outcome === "409 EMAIL_TAKEN")).toHaveLength(19);
    });

    const good = { username: "never-made", password: testPassword };
    test.each<[string, unknown, string]>([
      ["no name", { password: testPassword }, "username"],
      ["a short name", { ...good, username: "ab" }, "username"],
      ["a long name", { ...good, username: "a".repeat(33) }, "username"],
      ["a name with a space", { ...good, username: "a b c" }, "username"],
      ["a name in another alphabet", { ...good, username: "аdmin" }, "username"],
      ["a number as a name", { ...good, username: 12345 }, "username"],
      ["an array as a name", { ...good, username: ["never-made"] }, "username"],
      ["no password", { username: "never-made" }, "password"],
      ["a short password", { ...good, password: "seven77" }, "password"],
      ["seven characters of two units each", { ...good, password: "😀".repeat(7) }, "password"],
      ["a long password", { ...good, password: "x".repeat(129) }, "password"],
      ["a common password", { ...good, password: "Password123" }, "password"],
      ["the name as the password", { ...good, password: "NEVER-made" }, "password"],
      ["the address as the password", { ...good, email: "mine@example.org", password: "Mine@example.org" }, "password"],
      [
        "the address's name as the password",
        { ...good, email: "goldfish@example.org", password: "goldfish" },
        "password",
      ],
      ["half a character in the password", { ...good, password: `abcdefgh\ud800` }, "password"],
      ["no address", { ...good, email: "nobody" }, "email"],
      ["two lines in the address", { ...good, email: "a@example.org\r\nBcc: b@example.org" }, "email"],
      ["an empty display name", { ...good, display_name: "  " }, "display_name"],
      ["an invisible display name", { ...good, display_name: "\u200d\u3164" }, "display_name"],
      ["a turned display name", { ...good, display_name: "abc\u202egnp.exe" }, "display_name"],
      ["a control character", { ...good, display_name: "a\u0000b" }, "display_name"],
      ["an escape sequence", { ...good, display_name: "a\u001b[31mb" }, "display_name"],
      ["a long display name", { ...good, display_name: "x".repeat(101) }, "display_name"],
      ["an unknown gender", { ...good, gender: "robot" }, "gender"],
      ["a role", { ...good, role: "admin" }, "role"],
      ["an id", { ...good, id: Bun.randomUUIDv7() }, "id"],
    ])("refuses %s", async (_, body, field) => {
      const answer = await register(body);
      expect(answer.outcome).toBe("422 VALIDATION_ERROR");
      expect(answer.error?.details.map((detail) => detail.field)).toContain(field);
      expect((await signIn(server, "never-made", testPassword)).outcome).toBe("401 INVALID_CREDENTIALS");
    });

    test("takes 128 characters of two units each, and tells apart what differs at the end", async () => {
      const password = "😀".repeat(127) + "a";
      expect((await register({ username: "long-pass", password })).outcome).toBe("201");
      expect((await signIn(server, "long-pass", password)).outcome).toBe("200");
      expect((await signIn(server, "long-pass", "😀".repeat(127) + "b")).outcome).toBe("401 INVALID_CREDENTIALS");
    });

    test("a password is the same whether its accents are composed or not", async () => {
      await register({ username: "accents", password: "se\u0301samecle\u0301" });
      expect((await signIn(server, "accents", "s\u00e9samecl\u00e9")).outcome).toBe("200");
    });

    test.each([
      ["en", "The user name is taken"],
      ["zh-TW", "使用者名稱已被使用"],
      ["zh-CN", "用户名已被使用"],
      ["zh-Hant-HK", "使用者名稱已被使用"],
      ["fr", "The user name is taken"],
    ])("refuses in %s", async (language, message) => {
      await register({ username: "polyglot", password: testPassword });
      const answer = await register({ username: "polyglot", password: testPassword }, { "accept-language": language });
      expect(answer.error).toMatchObject({ code: "USERNAME_TAKEN", message });
    });
  });

  describe("signing in", () => {
    test("by name or address, whatever the case", async () => {
      const eve = await person(server, "Eve", { email: "eve@example.org" });
      for (const body of [{ username: "eVE" }, { email: "EVE@example.org" }, { username: "eve@example.org" }]) {
        const answer = await request(server, "POST", "/auth/login", { ...body, password: testPassword });
        expect(answer.as(z.object({ user: models.me })).user.id).toBe(eve.id);
      }
    });

    test("tells nothing about which part was wrong", async () => {
      await person(server, "fay");
      const wrong = await signIn(server, "fay", "not her password");
      const unknown = await signIn(server, "nobody-at-all", "not her password");
      expect(wrong.outcome).toBe("401 INVALID_CREDENTIALS");
      expect({ ...unknown.error, request_id: "" }).toEqual({ ...wrong.error!, request_id: "" });
    });

    test("a look-alike name is not the name", async () => {
      await person(server, "g0lf");
      expect((await signIn(server, "golf", testPassword)).outcome).toBe("401 INVALID_CREDENTIALS");
    });

    test("is remembered", async () => {
      const gus = await person(server, "gus");
      const before = (await gus.http("GET", "/users/me")).as(models.me).last_login_at;
      const answer = (await signIn(server, "gus", testPassword)).as(z.object({ user: models.me }));
      expect(Date.parse(answer.user.last_login_at ?? "")).toBeGreaterThanOrEqual(Date.parse(before ?? ""));
    });

    test.each<[string, unknown]>([
      ["neither name nor address", { password: testPassword }],
      ["both", { username: "fay", email: "fay@example.org", password: testPassword }],
      ["no password", { username: "fay" }],
      ["an object as the password", { username: "fay", password: { $ne: "" } }],
      ["more", { username: "fay", password: testPassword, role: "admin" }],
      ["a password longer than any", { username: "fay", password: "x".repeat(500_000) }],
    ])("refuses %s", async (_, body) => {
      expect((await request(server, "POST", "/auth/login", body)).outcome).toBe("422 VALIDATION_ERROR");
    });

    test.each(["a\u0000b", "\ud800", "' OR 1=1 --", "%", "ﬀ", "__proto__"])(
      "%j is a name that nobody has",
      async (name) => {
        expect((await signIn(server, name, testPassword)).outcome).toBe("401 INVALID_CREDENTIALS");
        const byEmail = await request(server, "POST", "/auth/login", { email: name, password: testPassword });
        expect(byEmail.outcome).toBe("401 INVALID_CREDENTIALS");
      },
    );

    test("what is no JSON is refused with 400, what is declared otherwise with 415", async () => {
      expect((await request(server, "POST", "/auth/login", "{")).outcome).toBe("400 VALIDATION_ERROR");
      expect((await request(server, "POST", "/auth/login", "[]")).outcome).toBe("422 VALIDATION_ERROR");
      expect((await request(server, "POST", "/auth/login", "null")).outcome).toBe("422 VALIDATION_ERROR");
      const form = { headers: { "content-type": "application/x-www-form-urlencoded" } };
      expect((await request(server, "POST", "/auth/login", "username=a", form)).outcome).toBe("415 UNSUPPORTED_MEDIA");
    });
  });

  describe("a profile", () => {
    test("changes by what is given; the rest stays", async () => {
      const hal = await person(server, "hal");
      await hal.http("PATCH", "/users/me", { bio: "line one\r\nline two", privacy: { last_seen: false } });
      const answer = await hal.http("PUT", "/users/me", {
        display_name: " Hal ",
        status_text: "here",
        gender: "other",
        privacy: { direct_messages: "friends" },
      });
      expect(answer.as(models.me)).toMatchObject({
        display_name: "Hal",
        bio: "line one\nline two",
        status_text: "here",
        gender: "other",
        privacy: { read_receipts: true, last_seen: false, direct_messages: "friends" },
      });
      expect((await hal.http("PATCH", "/users/me", { gender: null })).as(models.me).gender).toBeNull();
      expect((await hal.http("PATCH", "/users/me", {})).as(models.me).display_name).toBe("Hal");
    });

    test("choices of privacy made at the same time are all kept", async () => {
      const ivy = await person(server, "ivy");
      await Promise.all([
        ivy.http("PATCH", "/users/me", { privacy: { last_seen: false } }),
        ivy.http("PATCH", "/users/me", { privacy: { read_receipts: false } }),
        ivy.http("PATCH", "/users/me", { privacy: { direct_messages: "friends" } }),
      ]);
      const { privacy } = (await ivy.http("GET", "/users/me")).as(models.me);
      expect(privacy).toEqual({ last_seen: false, read_receipts: false, direct_messages: "friends" });
    });

    test.each<[string, unknown]>([
      ["a long bio", { bio: "x".repeat(501) }],
      ["a long status", { status_text: "x".repeat(257) }],
      ["a line break in the status", { status_text: "a\nb" }],
      ["an address of an image", { avatar_url: "https://example.org/track.png" }],
      ["an unknown choice", { privacy: { shoe_size: 1 } }],
      ["a role", { role: "admin" }],
      ["a name", { username: "other" }],
      ["an address", { email: "x@example.org" }],
      ["a prototype", '{"__proto__":{"role":"admin"},"role":"admin"}'],
    ])("refuses %s", async (_, body) => {
      const judy = await person(server, `judy-${Bun.randomUUIDv7().slice(-8)}`);
      const before = (await judy.http("GET", "/users/me")).as(models.me);
      expect((await judy.http("PATCH", "/users/me", body)).outcome).toBe("422 VALIDATION_ERROR");
      expect((await judy.http("GET", "/users/me")).as(models.me)).toEqual(before);
    });

    test("shows others nothing but the profile", async () => {
      const { ken, lea } = await people(server, "ken", "lea");
      const profile = await ken.http("GET", `/users/${lea.id}`);
      expect(profile.as(models.profile.strict())).toMatchObject({
        username: "lea",
        status: "offline",
        last_seen_at: null,
      });
    });

    test("of nobody, and of what is no id, is the same 404", async () => {
      const mia = await person(server, "mia");
      const unknown = await mia.http("GET", `/users/${Bun.randomUUIDv7()}`);
      expect(unknown.outcome).toBe("404 USER_NOT_FOUND");
      for (const id of ["x", "%00", "..%2f", "' OR 1=1", "1"]) {
        expect((await mia.http("GET", `/users/${id}`)).outcome).toBe("404 USER_NOT_FOUND");
      }
    });
  });

  describe("searching people", () => {
    const userList = z.array(models.user.strict());
    const find = async (q: string, more = "") => {
      const seeker = await person(server, `seeker-${Bun.randomUUIDv7().slice(-12)}`);
      const answer = await seeker.http("GET", `/users/search?q=${encodeURIComponent(q)}${more}`);
      return { names: answer.as(userList).map((user) => user.username), meta: answer.meta };
    };

    test("finds by the beginning of either name, whatever the case, an exact name first", async () => {
      await person(server, "zed-alpha", { display_name: "Zorro 王小明" });
      await person(server, "zed", { display_name: "Someone" });
      expect((await find("ZED")).names).toEqual(["zed", "zed-alpha"]);
      expect((await find("@zed-a")).names).toEqual(["zed-alpha"]);
      expect((await find("zorro 王")).names).toEqual(["zed-alpha"]);
      expect((await find("alpha")).names).toEqual([]);
    });

    test("finds an address only when it is whole", async () => {
      await person(server, "quiet-one", { email: "secretive@example.org" });
      expect((await find("secretive@example.ORG")).names).toEqual(["quiet-one"]);
      expect((await find("secretive@example")).names).toEqual([]);
      expect((await find("secretive")).names).toEqual([]);
    });

    test("wildcards are letters like others", async () => {
      await person(server, "wild_card");
      expect((await find("%")).names).toEqual([]);
      expect((await find("w_ld")).names).toEqual([]);
      expect((await find("wild_")).names).toEqual(["wild_card"]);
    });

    test("comes in pages", async () => {
      for (const name of ["paged-a", "paged-b", "paged-c"]) await person(server, name);
      const first = await find("paged", "&per_page=2");
      expect(first).toEqual({
        names: ["paged-a", "paged-b"],
        meta: { page: 1, per_page: 2, total: 3, has_more: true },
      });
      const second = await find("paged", "&per_page=2&page=2");
      expect(second).toEqual({ names: ["paged-c"], meta: { page: 2, per_page: 2, total: 3, has_more: false } });
    });

    test("refuses a wrong question, and whoever is not signed in", async () => {
      const nia = await person(server, "nia");
      for (const query of ["", "?q=", "?q=a&page=0", "?q=a&per_page=101", "?q=a&per_page=x", "?q=%00"]) {
        expect((await nia.http("GET", `/users/search${query}`)).outcome).toBe("422 VALIDATION_ERROR");
      }
      expect((await request(server, "GET", "/users/search?q=a")).outcome).toBe("401 UNAUTHENTICATED");
    });
  });

  describe("deleting one's account", () => {
    test("takes the name, the address, the sessions and the profile; the name is free again", async () => {
      const { oli, pam } = await people(server, "oli", "pam");
      const gone = await person(server, "going", { email: "going@example.org", display_name: "Going" });
      const elsewhere = await gone.onAnotherDevice();
      expect((await gone.http("DELETE", "/users/me", { password: testPassword })).outcome).toBe("200");
      for (const device of [gone, elsewhere]) {
        expect((await device.http("GET", "/users/me")).outcome).toBe("401 UNAUTHENTICATED");
      }
      expect((await request(server, "POST", "/auth/refresh", undefined, { token: gone.refreshToken })).status).toBe(
        401,
      );
      expect((await signIn(server, "going", testPassword)).outcome).toBe("401 INVALID_CREDENTIALS");
      expect((await oli.http("GET", `/users/${gone.id}`)).outcome).toBe("404 USER_NOT_FOUND");
      expect((await pam.http("GET", "/users/search?q=going")).data).toEqual([]);
      expect((await pam.http("GET", "/users/search?q=deleted")).data).toEqual([]);
      await person(server, "going", { email: "going@example.org" });
    });

    test("leaves what was written, under no name, at once", async () => {
      const { reader, writer } = await people(server, "reader", "writer");
      const room = (await reader.http("POST", "/rooms", { name: "Kept", type: "public" })).as(models.joinedRoom);
      await writer.http("POST", `/rooms/${room.id}/join`);
      await writer.http("POST", `/rooms/${room.id}/messages`, { content: "remember me" });
      expect((await writer.http("DELETE", "/users/me", { password: testPassword })).outcome).toBe("200");
      const history = await reader.http("GET", `/rooms/${room.id}/messages`);
      const kept = history.as(z.array(models.message)).find((message) => message.content === "remember me");
      expect(kept?.sender).toMatchObject({ id: writer.id, display_name: "Deleted account" });
      expect(kept?.sender.username).toMatch(/^deleted-[0-9a-f]{8}$/);
    });

    test("is refused while others are in a room of one's own", async () => {
      const { host, visitor } = await people(server, "host", "visitor");
      const room = (await host.http("POST", "/rooms", { name: "Hosted", type: "public" })).as(models.joinedRoom);
      await visitor.http("POST", `/rooms/${room.id}/join`);
      const answer = await host.http("DELETE", "/users/me", { password: testPassword });
      expect(answer.outcome).toBe("409 OWNER_MUST_TRANSFER");
      expect((await host.http("GET", "/users/me")).outcome).toBe("200");
      await visitor.http("POST", `/rooms/${room.id}/leave`);
      expect((await host.http("DELETE", "/users/me", { password: testPassword })).outcome).toBe("200");
    });

    test("needs the password", async () => {
      const quin = await person(server, "quin");
      expect((await quin.http("DELETE", "/users/me", { password: "not the one" })).outcome).toBe(
        "401 INVALID_CREDENTIALS",
      );
      expect((await quin.http("DELETE", "/users/me", {})).outcome).toBe("422 VALIDATION_ERROR");
      expect((await quin.http("DELETE", "/users/me")).outcome).toBe("422 VALIDATION_ERROR");
      expect((await quin.http("GET", "/users/me")).outcome).toBe("200");
    });
  });

  test.each([
    ["GET", "/users/me"],
    ["PATCH", "/users/me"],
    ["PUT", "/users/me"],
    ["DELETE", "/users/me"],
    ["PUT", "/users/me/password"],
    ["POST", "/users/me/email"],
    ["GET", "/users/search?q=a"],
    ["GET", `/users/${Bun.randomUUIDv7()}`],
    ["POST", "/auth/logout"],
    ["POST", "/auth/logout-all"],
    ["GET", "/auth/sessions"],
    ["DELETE", `/auth/sessions/${Bun.randomUUIDv7()}`],
    ["POST", "/auth/ws-ticket"],
    ["POST", "/auth/refresh"],
    ["POST", "/admin/invites"],
    ["GET", "/admin/invites"],
    ["DELETE", "/admin/invites/abc"],
  ])("%s %s is for who is signed in", async (method, path) => {
    expect((await request(server, method, path)).outcome).toBe("401 UNAUTHENTICATED");
    expect((await request(server, method, path, undefined, { token: "abc" })).outcome).toBe("401 UNAUTHENTICATED");
    const body = method === "GET" ? undefined : "{";
    expect((await request(server, method, path, body, { token: "" })).outcome).toBe("401 UNAUTHENTICATED");
  });
});
