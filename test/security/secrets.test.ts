import { expect, test } from "bun:test";
import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { forEachDialect } from "../support/dialects.ts";
import { people, request, testPassword } from "../support/people.ts";
import { RawWebSocket } from "../support/raw-websocket.ts";
import { spawnServer } from "../support/server-process.ts";

const tokens = z.object({ token: z.string(), refresh_token: z.string() });

forEachDialect((dialect) => {
  test("passwords, tokens and tickets stand in no log line, no error, no stored file, whatever was done with them", async () => {
    const server = await spawnServer({ dialect, env: { LOG_LEVEL: "debug" } });
    const { ann, ben } = await people(server, "ann", "ben");
    const secrets = new Set([testPassword, ann.token, ann.refreshToken, ben.token, ben.refreshToken]);
    const note = (secret: string) => {
      secrets.add(secret);
      return secret;
    };
    const ticket = note(await ann.ticket());
    (await ann.connect({ by: "token" })).close();
    (await ann.connect({ by: "subprotocol" })).close();
    const byTicket = await RawWebSocket.open(`${server.wsUrl}?ticket=${ticket}`);
    await byTicket.hears('"ready"');
    byTicket.destroy();
    // Once more: the refusal names nothing either.
    const refusal = await RawWebSocket.open(`${server.wsUrl}?ticket=${ticket}`).then(() => "", String);
    expect(refusal).toContain("401");
    expect(refusal).not.toContain(ticket);

    const refreshed = (await request(server, "POST", "/auth/refresh", undefined, { token: ben.refreshToken })).as(
      tokens,
    );
    note(refreshed.token);
    note(refreshed.refresh_token);
    const wrongPassword = note("a wrong password 123");
    const forged = note(`${ann.token.slice(0, -4)}AAAA`);
    const answers = [
      await request(server, "POST", "/auth/login", { username: "ann", password: wrongPassword }),
      await request(server, "POST", "/auth/login", { username: "ann", password: testPassword, extra: testPassword }),
      await request(server, "GET", "/users/me", undefined, { token: forged }),
      await request(server, "GET", `/nothing?token=${forged}`, undefined, { token: ann.token }),
      await request(server, "POST", "/auth/refresh", undefined, { token: note("not-a-refresh-token") }),
      await request(server, "POST", "/auth/password/reset", {
        token: note("not-a-reset-token"),
        password: testPassword,
      }),
      await ann.http("PUT", "/users/me/password", {
        old_password: wrongPassword,
        new_password: note("another good one 9"),
      }),
      await ann.http("POST", "/users/me/email", { email: "ann@example.org", password: wrongPassword }),
    ];
    expect(answers.every(({ status }) => status >= 400)).toBe(true);
    const socket = await ann.connect();
    const authenticate = await socket.refused("authenticate", { token: forged });
    socket.close();

    const shown = [...answers.map(({ text }) => text), JSON.stringify(authenticate), ...server.lines].join("\n");
    expect([...secrets].filter((secret) => shown.includes(secret))).toEqual([]);
    for (const { text } of answers) expect(text).not.toContain("Referer");

    const kept = readdirSync(server.ground.dataDir, { recursive: true, encoding: "utf8" })
      .map((name) => join(server.ground.dataDir, name))
      .filter((path) => statSync(path).isFile());
    const found = kept.flatMap((path) => {
      const bytes = readFileSync(path);
      return [...secrets].filter((secret) => bytes.includes(secret)).map((secret) => `${path}: ${secret.slice(0, 8)}`);
    });
    expect(found).toEqual([]);
    await server.stop();
  });

  test("what is kept of the secrets is for the owner of the process alone", async () => {
    const server = await spawnServer({ dialect });
    const { dataDir } = server.ground;
    for (const name of readdirSync(dataDir, { recursive: true, encoding: "utf8" })) {
      const { mode } = statSync(join(dataDir, name));
      if (/secret|outbox/.test(name)) expect({ name, others: mode & 0o077 }).toEqual({ name, others: 0 });
    }
    await server.stop();
  });
});
