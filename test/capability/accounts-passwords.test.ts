import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import * as models from "../../src/protocol/models.ts";
import { ManualClock } from "../support/clock.ts";
import { forEachDialect } from "../support/dialects.ts";
import { person, request, testPassword, type Person } from "../support/people.ts";
import { startServer, type TestServer } from "../support/server.ts";
import { mailsTo, mailTo, refresh, signIn, tokenIn } from "./accounts-rig.ts";

const newPassword = "a whole new password";

forEachDialect((dialect) => {
  const clock = new ManualClock(Date.now());
  let server: TestServer;
  beforeAll(async () => {
    server = await startServer({ dialect, clock, env: { PUBLIC_URL: "https://chat.example/" } });
  });
  afterAll(() => server.stop());

  let count = 0;
  const someone = () => {
    const username = `pw-${dialect}-${++count}`;
    return person(server, username, { email: emailOf(username) });
  };
  const emailOf = (username: string) => `${username}@example.org`;
  const me = (who: Person) => who.http("GET", "/users/me");
  const change = (who: Person, old_password: string, new_password: string) =>
    who.http("PUT", "/users/me/password", { old_password, new_password });
  const forgot = (email: string, headers: Record<string, string> = {}) =>
    request(server, "POST", "/auth/password/forgot", { email }, { headers });
  const reset = (token: string, password: string) =>
    request(server, "POST", "/auth/password/reset", { token, password });
  /** Asks for a link and takes it from the mail after those that came before. */
  const resetToken = async (who: Person, headers?: Record<string, string>) => {
    const email = emailOf(who.username);
    const before = mailsTo(server, email).length;
    expect((await forgot(email, headers)).outcome).toBe("202");
    return tokenIn(await mailTo(server, email, before + 1));
  };
  const verificationMail = (who: Person) => mailTo(server, emailOf(who.username));

  describe("changing the password", () => {
    test("keeps this session and ends the others", async () => {
      const ann = await someone();
      const phone = await ann.onAnotherDevice();
      expect((await change(ann, testPassword, newPassword)).outcome).toBe("200");
      expect((await me(ann)).outcome).toBe("200");
      expect((await me(phone)).outcome).toBe("401 UNAUTHENTICATED");
      expect((await refresh(server, phone.refreshToken)).outcome).toBe("401 UNAUTHENTICATED");
      expect((await refresh(server, ann.refreshToken)).outcome).toBe("200");
      expect((await signIn(server, ann.username, testPassword)).outcome).toBe("401 INVALID_CREDENTIALS");
      expect((await signIn(server, ann.username, newPassword)).outcome).toBe("200");
    });

    test("needs the old one", async () => {
      const ann = await someone();
      expect((await change(ann, "not the old one", newPassword)).outcome).toBe("401 INVALID_CREDENTIALS");
      expect((await signIn(server, ann.username, testPassword)).outcome).toBe("200");
    });

    test.each([
      ["short", "seven77"],
      ["long", "x".repeat(129)],
      ["common", "Trustno1"],
      ["common in capitals", "PASSWORD1"],
      ["a number as everybody has it", "12345678"],
    ])("to one that is %s is refused", async (_, password) => {
      const ann = await someone();
      const answer = await change(ann, testPassword, password);
      expect(answer.outcome).toBe("422 VALIDATION_ERROR");
      expect(answer.error?.details.map((detail) => detail.field)).toEqual(["new_password"]);
      expect((await signIn(server, ann.username, testPassword)).outcome).toBe("200");
    });

    test("to one's own name or address is refused", async () => {
      const ann = await someone();
      for (const password of [ann.username.toUpperCase(), emailOf(ann.username)]) {
        expect((await change(ann, testPassword, password)).outcome).toBe("422 VALIDATION_ERROR");
      }
    });

    test("by two at once succeeds for one", async () => {
      const ann = await someone();
      const answers = await Promise.all([
        change(ann, testPassword, newPassword),
        change(ann, testPassword, `${newPassword} too`),
      ]);
      // The other finds it changed, before its own hash was compared or after.
      expect(answers.filter((answer) => answer.status === 200)).toHaveLength(1);
      expect(["401 INVALID_CREDENTIALS", "409 CONFLICT"]).toContain(
        answers.find((answer) => answer.status !== 200)?.outcome ?? "",
      );
    });

    test("makes links that were mailed before it worthless", async () => {
      const ann = await someone();
      await verificationMail(ann);
      const token = await resetToken(ann);
      await change(ann, testPassword, newPassword);
      expect((await reset(token, "yet another password")).outcome).toBe("422 TOKEN_INVALID");
    });
  });

  describe("a forgotten password", () => {
    test("is replaced by a mailed link, once; all sessions end and the address is verified", async () => {
      const ann = await someone();
      await verificationMail(ann);
      const token = await resetToken(ann);
      const answer = await reset(token, newPassword);
      expect([answer.status, answer.text]).toEqual([204, ""]);
      expect((await me(ann)).outcome).toBe("401 UNAUTHENTICATED");
      expect((await refresh(server, ann.refreshToken)).outcome).toBe("401 UNAUTHENTICATED");
      expect((await signIn(server, ann.username, testPassword)).outcome).toBe("401 INVALID_CREDENTIALS");
      const again = await request(server, "POST", "/auth/login", { username: ann.username, password: newPassword });
      expect(again.data).toMatchObject({ user: { email_verified: true } });
      expect((await reset(token, "yet another password")).outcome).toBe("422 TOKEN_INVALID");
    });

    test("of ten uses of one link at once one counts", async () => {
      const ann = await someone();
      await verificationMail(ann);
      const token = await resetToken(ann);
      const answers = await Promise.all(Array.from({ length: 10 }, (_, i) => reset(token, `${newPassword} ${i}`)));
      expect(answers.filter((answer) => answer.status === 204)).toHaveLength(1);
      expect(answers.filter((answer) => answer.outcome === "422 TOKEN_INVALID")).toHaveLength(9);
    });

    test("a link ends after thirty minutes", async () => {
      const ann = await someone();
      await verificationMail(ann);
      const token = await resetToken(ann);
      clock.advance(30 * 60_000 + 1);
      expect((await reset(token, newPassword)).outcome).toBe("422 TOKEN_INVALID");
      expect((await signIn(server, ann.username, testPassword)).outcome).toBe("200");
    });

    test("a weak new password does not use the link up", async () => {
      const ann = await someone();
      await verificationMail(ann);
      const token = await resetToken(ann);
      for (const weak of ["password1", ann.username]) {
        expect((await reset(token, weak)).outcome).toBe("422 VALIDATION_ERROR");
      }
      expect((await reset(token, newPassword)).status).toBe(204);
    });

    test("asking never tells whether the address exists", async () => {
      const ann = await someone();
      await verificationMail(ann);
      const known = await forgot(emailOf(ann.username));
      const unknown = await forgot("nobody-has-this@example.org");
      expect([known.status, known.text]).toEqual([unknown.status, unknown.text]);
      expect(known.outcome).toBe("202");
      await mailTo(server, emailOf(ann.username), 2);
      expect(mailsTo(server, "nobody-has-this@example.org")).toEqual([]);
      expect((await forgot("no address")).outcome).toBe("422 VALIDATION_ERROR");
    });

    test("the link is below PUBLIC_URL, whatever the request says of its host", async () => {
      const ann = await someone();
      await verificationMail(ann);
      await forgot(emailOf(ann.username), { host: "evil.example", "x-forwarded-host": "evil.example" });
      const mail = await mailTo(server, emailOf(ann.username), 2);
      expect(mail.text).toMatch(/\nhttps:\/\/chat\.example\/reset#[\w-]{43}\n/);
      expect(mail.text).not.toContain("evil");
    });

    test.each([
      ["en", "Choose a new password"],
      ["zh-TW", "重設你的密碼"],
      ["zh-CN", "重置你的密码"],
    ])("is mailed about in %s", async (language, subject) => {
      const ann = await someone();
      await verificationMail(ann);
      await forgot(emailOf(ann.username), { "accept-language": language });
      expect((await mailTo(server, emailOf(ann.username), 2)).subject).toBe(subject);
    });

    test.each(["x", "a".repeat(43), "\u0000", "../x", "' OR 1=1 --"])("%j is no link", async (token) => {
      expect((await reset(token, newPassword)).outcome).toBe("422 TOKEN_INVALID");
    });

    test("a verification link resets nothing", async () => {
      const ann = await someone();
      expect((await reset(tokenIn(await verificationMail(ann)), newPassword)).outcome).toBe("422 TOKEN_INVALID");
    });
  });

  describe("an address", () => {
    const verify = (token: string) => request(server, "POST", "/auth/email/verify", { token });
    const changeEmail = (who: Person, email: string, password = testPassword, headers = {}) =>
      who.http("POST", "/users/me/email", { email, password }, { headers });
    const emailStateOf = async (who: Person) => {
      const { email, email_verified } = (await me(who)).as(models.me);
      return [email, email_verified];
    };

    test("is verified by the link that registration mails", async () => {
      const ann = await someone();
      const token = tokenIn(await verificationMail(ann));
      expect(await emailStateOf(ann)).toEqual([emailOf(ann.username), false]);
      expect((await verify(token)).outcome).toBe("200");
      expect(await emailStateOf(ann)).toEqual([emailOf(ann.username), true]);
      expect((await verify(token)).outcome).toBe("422 TOKEN_INVALID");
    });

    test("changes only when the new one is verified", async () => {
      const ann = await someone();
      const email = `new-${ann.username}@example.org`;
      expect((await changeEmail(ann, email.toUpperCase())).outcome).toBe("202");
      const mail = await mailTo(server, email);
      expect(mail.text).toMatch(/\nhttps:\/\/chat\.example\/verify#[\w-]{43}\n/);
      expect(await emailStateOf(ann)).toEqual([emailOf(ann.username), false]);
      expect((await verify(tokenIn(mail))).outcome).toBe("200");
      expect(await emailStateOf(ann)).toEqual([email, true]);
    });

    test("needs the password", async () => {
      const ann = await someone();
      expect((await changeEmail(ann, "x@example.org", "not the one")).outcome).toBe("401 INVALID_CREDENTIALS");
      expect(mailsTo(server, "x@example.org")).toEqual([]);
    });

    test("is taken from an account that never verified it", async () => {
      const [squatter, ann] = [await someone(), await someone()];
      const email = emailOf(squatter.username);
      await verificationMail(squatter);
      expect((await changeEmail(ann, email)).outcome).toBe("202");
      expect((await verify(tokenIn(await mailTo(server, email, 2)))).outcome).toBe("200");
      expect(await emailStateOf(ann)).toEqual([email, true]);
      expect(await emailStateOf(squatter)).toEqual([null, false]);
    });

    test("is not taken from an account that verified it, neither now nor by an older link", async () => {
      const [owner, ann] = [await someone(), await someone()];
      const email = emailOf(owner.username);
      const owners = tokenIn(await verificationMail(owner));
      expect((await changeEmail(ann, email)).outcome).toBe("202");
      const anns = tokenIn(await mailTo(server, email, 2));
      expect((await verify(owners)).outcome).toBe("200");
      expect((await verify(anns)).outcome).toBe("409 EMAIL_TAKEN");
      expect((await changeEmail(ann, email)).outcome).toBe("409 EMAIL_TAKEN");
      expect(await emailStateOf(owner)).toEqual([email, true]);
    });

    test("a link ends after a day, and when a newer one is mailed", async () => {
      const ann = await someone();
      const first = tokenIn(await verificationMail(ann));
      await changeEmail(ann, emailOf(ann.username));
      const second = tokenIn(await mailTo(server, emailOf(ann.username), 2));
      expect((await verify(first)).outcome).toBe("422 TOKEN_INVALID");
      clock.advance(24 * 3_600_000 + 1);
      expect((await verify(second)).outcome).toBe("422 TOKEN_INVALID");
    });

    test("a reset link that went to the former address ends with it", async () => {
      const ann = await someone();
      await verificationMail(ann);
      const token = await resetToken(ann);
      const email = `moved-${ann.username}@example.org`;
      await changeEmail(ann, email);
      await verify(tokenIn(await mailTo(server, email)));
      expect((await reset(token, newPassword)).outcome).toBe("422 TOKEN_INVALID");
    });

    test.each([
      ["en", "Confirm your email address"],
      ["zh-TW", "請確認你的電子郵件地址"],
      ["zh-CN", "请确认你的电子邮箱地址"],
    ])("is mailed to in %s", async (language, subject) => {
      const ann = await someone();
      const email = `${language.toLowerCase()}-${ann.username}@example.org`;
      await changeEmail(ann, email, testPassword, { "accept-language": language });
      expect((await mailTo(server, email)).subject).toBe(subject);
    });
  });
});
