import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { createServer, type Server, type Socket } from "node:net";
import { join } from "node:path";
import { named, type Log } from "../../src/server/platform/log.ts";
import { createMailer } from "../../src/server/platform/mail/create-mailer.ts";
import { createMetrics } from "../../src/server/platform/metrics.ts";
import { ManualClock } from "../support/clock.ts";
import { until } from "../support/deferred.ts";
import { temporaryFolder } from "../support/environment.ts";

/** An SMTP server of the plainest kind (RFC 5321) that can be told to refuse. */
class PostOffice {
  readonly received: { from: string; to: string; data: string }[] = [];
  /** What it answers to the next `MAIL FROM`s, before it takes mails again. */
  readonly refusals: string[] = [];
  attempts = 0;
  #sockets = new Set<Socket>();

  private constructor(readonly server: Server) {}

  static async open(): Promise<PostOffice> {
    const server = createServer();
    const office = new PostOffice(server);
    server.on("connection", (socket) => office.#serve(socket));
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    return office;
  }

  get url(): string {
    const address = this.server.address();
    if (address === null || typeof address === "string") throw new Error("the post office is closed");
    return `smtp://127.0.0.1:${address.port}`;
  }

  #serve(socket: Socket): void {
    this.#sockets.add(socket);
    const mail = { from: "", to: "", data: "" };
    let rest = "";
    let inData = false;
    const say = (line: string) => socket.write(`${line}\r\n`);
    say("220 post office");
    socket.on("error", () => socket.destroy());
    socket.on("data", (chunk: Buffer) => {
      rest += chunk.toString();
      for (let end = rest.indexOf("\r\n"); end >= 0; end = rest.indexOf("\r\n")) {
        const line = rest.slice(0, end);
        rest = rest.slice(end + 2);
        if (inData && line !== ".") mail.data += `${line}\n`;
        else if (inData) {
          inData = false;
          this.received.push({ ...mail });
          mail.data = "";
          say("250 taken");
        } else if (line.startsWith("MAIL FROM:")) {
          this.attempts += 1;
          mail.from = line.slice(10);
          say(this.refusals.shift() ?? "250 fine");
        } else if (line.startsWith("RCPT TO:")) {
          mail.to = line.slice(8);
          say("250 fine");
        } else if (line === "DATA") {
          inData = true;
          say("354 go on");
        } else if (line === "QUIT") {
          say("221 bye");
          socket.end();
        } else say("250 fine");
      }
    });
  }

  close(): void {
    for (const socket of this.#sockets) socket.destroy();
    this.server.close();
  }
}

const mail = {
  to: "ann@example.org",
  subject: "Bestätigen 確認",
  text: "line one\nhttps://chat.example/verify#secret\n",
};

describe("the mailer", () => {
  let folder: string;
  let office: PostOffice;
  let clock: ManualClock;
  let logged: string[];
  let metrics: ReturnType<typeof createMetrics>;
  beforeEach(async () => {
    [folder, office, clock, logged, metrics] = [
      temporaryFolder(),
      await PostOffice.open(),
      new ManualClock(),
      [],
      createMetrics(),
    ];
  });
  afterEach(() => {
    office.close();
    rmSync(folder, { recursive: true, force: true });
  });

  const mailer = (smtpUrl?: string, outboxFolder = join(folder, "outbox")) => {
    const record = { value: (...line: unknown[]) => logged.push(Bun.inspect(line)) };
    const log: Log = Object.create(named("test"), { info: record, error: record });
    return createMailer({ smtpUrl, from: "Parley <parley@chat.example>", outboxFolder, clock, log, metrics });
  };
  const failed = async () => (await metrics.mailsFailed.get()).values[0]?.value;

  test("without a server writes each mail into the outbox, for the owner's eyes, and logs no secret", async () => {
    const post = mailer();
    post.send(mail);
    post.send({ ...mail, to: "ben@example.org" });
    await post.settled();
    const names = readdirSync(join(folder, "outbox")).sort();
    expect(names).toHaveLength(2);
    const path = join(folder, "outbox", names[0] ?? "");
    expect(JSON.parse(readFileSync(path, "utf8"))).toEqual({ ...mail, written_at: "2026-01-09T10:30:00.000Z" });
    expect(statSync(path).mode & 0o777).toBe(0o600);
    expect(statSync(join(folder, "outbox")).mode & 0o777).toBe(0o700);
    expect(logged.join()).toContain("ann@example.org");
    expect(logged.join()).not.toContain("secret");
    await post.close();
  });

  test("delivers through the server, in order", async () => {
    const post = mailer(office.url);
    post.send(mail);
    post.send({ ...mail, subject: "second" });
    await post.settled();
    expect(office.received.map(({ from, to }) => [from, to])).toEqual([
      ["<parley@chat.example>", "<ann@example.org>"],
      ["<parley@chat.example>", "<ann@example.org>"],
    ]);
    expect(office.received[0]?.data).toContain("From: Parley <parley@chat.example>");
    expect(office.received[0]?.data).toContain("verify#secret");
    expect(office.received[1]?.data).toContain("Subject: second");
    expect(logged.join()).not.toContain("secret");
    await post.close();
  });

  test("tries three times, with pauses, then gives the mail up and goes on with the next", async () => {
    const post = mailer(office.url);
    office.refusals.push("451 later", "451 later", "451 later");
    post.send(mail);
    post.send({ ...mail, subject: "second" });
    await until(() => office.attempts === 1, "the first try");
    await until(() => (clock.advance(2_000), office.attempts === 2), "the second try");
    await until(() => (clock.advance(10_000), office.attempts >= 3), "the third try");
    await post.settled();
    expect(office.received).toHaveLength(1);
    expect(office.received[0]?.data).toContain("Subject: second");
    expect(await failed()).toBe(1);
    expect(logged.join()).not.toContain("secret");
    await post.close();
  });

  test("delivers at the second try what failed at the first", async () => {
    const post = mailer(office.url);
    office.refusals.push("451 later");
    post.send(mail);
    await until(() => office.attempts === 1, "the first try");
    await until(() => (clock.advance(2_000), office.attempts === 2), "the second try");
    await post.settled();
    expect(office.received).toHaveLength(1);
    expect(await failed()).toBe(0);
    await post.close();
  });

  test("does not keep a stop waiting for its pauses", async () => {
    const post = mailer(office.url);
    office.refusals.push("451 later", "451 later");
    post.send(mail);
    await until(() => office.attempts === 1, "the first try");
    await post.close();
    expect(await failed()).toBe(1);
    post.send(mail);
    expect(await failed()).toBe(2);
  });

  test("a folder that cannot be written is a failure like others", async () => {
    writeFileSync(join(folder, "file"), "");
    const post = mailer(undefined, join(folder, "file", "outbox"));
    post.send(mail);
    await post.close();
    expect(await failed()).toBe(1);
  });

  test("a thousand may wait, no more", async () => {
    const post = mailer(office.url);
    for (let i = 0; i < 1_010; i++) post.send(mail);
    expect(await failed()).toBe(10);
    await post.settled();
    expect(office.received).toHaveLength(1_000);
    await post.close();
  });
});
