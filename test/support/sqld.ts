import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { freePort } from "./free-port.ts";
import { lackOf } from "./needs.ts";
import type { TestDatabase } from "./postgres.ts";

/** Why there is no libSQL server on this machine; `undefined` when there is one. */
export const sqldLack = lackOf("sqld");

/** The server stops when this process ends, however it ends: then its standard input closes. */
const guarded = `
sqld --no-welcome -d "$DATA/data" --http-listen-addr "$ADDRESS" >/dev/null 2>&1 &
echo "pid $!"
cat >/dev/null
kill -CONT $!
kill -KILL $!
wait $!`;

/** What a test does not remove goes when the process ends. */
const folders = new Set<string>();
process.once("exit", () => {
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
});

interface SqldOptions {
  /** The public key of those whose tokens it takes; without one everybody is let in. */
  authKey?: string;
}

/** A libSQL server with one empty database, which can be frozen, killed and started again at the same address. */
export class Sqld {
  readonly #data = mkdtempSync(join(tmpdir(), "parley-sqld-"));
  #server: Bun.Subprocess<"pipe", "pipe", "ignore"> | undefined;
  #pid = 0;

  private constructor(
    readonly url: string,
    private readonly options: SqldOptions,
  ) {
    folders.add(this.#data);
  }

  static async start(options: SqldOptions = {}): Promise<Sqld> {
    const sqld = new Sqld(`http://127.0.0.1:${await freePort()}`, options);
    await sqld.restart();
    return sqld;
  }

  /** Starts it after {@link kill}; resolves when it answers. */
  async restart(): Promise<void> {
    const server = Bun.spawn(["sh", "-c", guarded], {
      cwd: this.#data,
      env: {
        PATH: process.env["PATH"] ?? "",
        DATA: this.#data,
        ADDRESS: new URL(this.url).host,
        ...(this.options.authKey !== undefined && { SQLD_AUTH_JWT_KEY: this.options.authKey }),
      },
      stdin: "pipe",
      stdout: "pipe",
      // The shell tells there that its server was killed.
      stderr: "ignore",
    });
    server.unref();
    this.#server = server;
    const first = await server.stdout.getReader().read();
    this.#pid = Number(/^pid (\d+)/.exec(new TextDecoder().decode(first.value))?.[1]);
    while (!(await this.#answers())) await new Promise((resolve) => setTimeout(resolve, 10));
  }

  async #answers(): Promise<boolean> {
    try {
      return (await fetch(`${this.url}/health`)).ok;
    } catch (error) {
      if (this.#server?.exitCode == null) return false;
      throw new Error("sqld ended", { cause: error });
    }
  }

  /** It accepts connections, and says nothing any more. */
  freeze(): void {
    process.kill(this.#pid, "SIGSTOP");
  }

  thaw(): void {
    process.kill(this.#pid, "SIGCONT");
  }

  /** Ends it without a word to anybody; what was committed stays. */
  async kill(): Promise<void> {
    this.#server?.stdin.end();
    await this.#server?.exited;
    this.#server = undefined;
  }

  async stop(): Promise<void> {
    await this.kill();
    rmSync(this.#data, { recursive: true, force: true });
  }
}

/** A fresh, empty database on a libSQL server of its own: one is up in a tenth of a second. */
export async function freshRemote(): Promise<TestDatabase> {
  const sqld = await Sqld.start();
  return { url: sqld.url, drop: () => sqld.stop() };
}
