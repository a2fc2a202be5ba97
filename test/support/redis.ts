import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { freePort } from "./free-port.ts";
import { lackOf } from "./needs.ts";

/** What speaks Redis' protocol in the tests: a path in `TEST_REDIS_SERVER` puts Valkey or the like in its place. */
const program = process.env["TEST_REDIS_SERVER"] ?? "redis-server";

/** Why there is no Redis on this machine; `undefined` when there is one. */
export const redisLack = lackOf(program);

/** Its log ends when it does. The server stops, and its folder goes, when this process ends, however it ends: then its standard input closes. */
const guarded = `
"$PROGRAM" --port "$PORT" --bind 127.0.0.1 --dir "$DATA" --save '' --appendonly no "$@" &
echo "pid $!"
exec >/dev/null
cat >/dev/null
kill -CONT $! 2>/dev/null
kill -TERM $! 2>/dev/null
wait $!
rm -rf "$DATA"`;

interface RedisOptions {
  port?: number;
  /** Further arguments of the server, e.g. `["--requirepass", "secret"]`. */
  args?: readonly string[];
}

/** A Redis of a test's own, which it may freeze, kill and start again at the same address. */
export class TestRedis {
  #pid = 0;
  #server: Bun.Subprocess<"pipe", "pipe", "ignore"> | undefined;

  private constructor(
    readonly port: number,
    private readonly args: readonly string[],
  ) {}

  static async start({ port, args = [] }: RedisOptions = {}): Promise<TestRedis> {
    const redis = new TestRedis(port ?? (await freePort()), args);
    await redis.restart();
    return redis;
  }

  get url(): string {
    return `redis://127.0.0.1:${this.port}`;
  }

  /** Starts it after {@link kill}; resolves when it takes connections. */
  async restart(): Promise<void> {
    const data = mkdtempSync(join(tmpdir(), "parley-redis-"));
    const server = Bun.spawn(["sh", "-c", guarded, "redis", ...this.args], {
      env: { PATH: process.env["PATH"] ?? "", PROGRAM: program, DATA: data, PORT: String(this.port) },
      stdin: "pipe",
      stdout: "pipe",
      stderr: "ignore",
    });
    server.unref();
    this.#server = server;
    const { promise: ready, resolve, reject } = Promise.withResolvers<void>();
    const decoder = new TextDecoder();
    let log = "";
    // Goes on reading in the background, so that the server never blocks on its log.
    void (async () => {
      for await (const chunk of server.stdout) {
        if (log.length < 20_000) log += decoder.decode(chunk, { stream: true });
        if (/Ready to accept connections/.test(log)) resolve();
      }
      rmSync(data, { recursive: true, force: true });
      reject(new Error(`Redis ended: ${log}`));
    })();
    await ready;
    this.#pid = Number(/^pid (\d+)$/m.exec(log)?.[1]);
  }

  /** It accepts connections, and says nothing any more. */
  freeze(): void {
    process.kill(this.#pid, "SIGSTOP");
  }

  thaw(): void {
    process.kill(this.#pid, "SIGCONT");
  }

  /** Ends it without a word to anybody. */
  async kill(): Promise<void> {
    process.kill(this.#pid, "SIGKILL");
    await this.stop();
  }

  async stop(): Promise<void> {
    this.#server?.stdin.end();
    await this.#server?.exited;
    this.#server = undefined;
  }

  /** Runs one command by `redis-cli`, e.g. `["CLIENT", "KILL", "TYPE", "pubsub"]`. */
  async command(...words: string[]): Promise<string> {
    const cli = Bun.spawn(["redis-cli", "-p", String(this.port), ...words], { stdout: "pipe", stderr: "inherit" });
    const answer = await new Response(cli.stdout).text();
    await cli.exited;
    return answer.trim();
  }
}

let running: Promise<TestRedis> | undefined;

/** The one Redis of this test process, started when first asked for: for tests that do it no harm. */
export function sharedRedis(): Promise<TestRedis> {
  return (running ??= TestRedis.start());
}
