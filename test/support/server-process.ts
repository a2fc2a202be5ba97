import { join } from "node:path";
import { z } from "zod";
import { within } from "./deferred.ts";
import { prepareGround, type Ground, type ServerOptions } from "./environment.ts";
import type { Reachable } from "./people.ts";

const readyLine = z.object({ msg: z.literal("ready"), url: z.string() });

/** The program under test: `PARLEY_BIN`, or the sources. */
export const program: string[] = process.env["PARLEY_BIN"]
  ? [process.env["PARLEY_BIN"]]
  : [process.execPath, join(import.meta.dir, "../../src/main.ts")];

interface SpawnOptions extends ServerOptions {
  /** Runs the server under another program, e.g. `["strace", …]`. */
  under?: string[];
}

/** A server in a process of its own, which can be killed, frozen and started again on the same data and port. */
export class ServerProcess implements Reachable {
  url = "";
  /** What its next start runs: another version's binary, where a test is about two of them. */
  command: readonly string[] = program;
  /** All lines that it has written to stdout and stderr, over all its lives. */
  readonly lines: string[] = [];
  #child: Bun.Subprocess<"ignore", "pipe", "pipe"> | undefined;

  constructor(
    readonly ground: Ground,
    private readonly under: string[],
  ) {}

  get wsUrl(): string {
    return `${this.url.replace("http", "ws")}/ws`;
  }

  get pid(): number {
    if (this.#child === undefined) throw new Error("the server is not running");
    return this.#child.pid;
  }

  /** Resolves with the exit code, or `null` after a signal. */
  get exited(): Promise<number | null> {
    return this.#child?.exited ?? Promise.resolve(null);
  }

  /** Starts it and waits until it serves; again on the same port when it ran before. */
  async start(env: Record<string, string> = {}): Promise<void> {
    const port = this.url === "" ? "0" : new URL(this.url).port;
    const child = Bun.spawn([...this.under, ...this.command, "serve"], {
      cwd: this.ground.dataDir,
      env: {
        PATH: process.env["PATH"] ?? "",
        HOME: process.env["HOME"] ?? "",
        // Should the test process die, its servers die with it.
        BUN_FEATURE_FLAG_NO_ORPHANS: "1",
        ...this.ground.env,
        PORT: port,
        ...env,
      },
      stdin: "ignore",
      stdout: "pipe",
      stderr: "pipe",
    });
    this.#child = child;
    const ready = Promise.withResolvers<string>();
    void this.#read(child.stderr, () => {});
    void this.#read(child.stdout, (line) => {
      const parsed = line.startsWith("{") ? readyLine.safeParse(JSON.parse(line)) : undefined;
      if (parsed?.success) ready.resolve(parsed.data.url);
    }).then(() => ready.reject(new Error(`the server ended before it was ready: ${this.lines.slice(-20).join("\n")}`)));
    this.url = await within(ready.promise, () => `no ready line: ${this.lines.slice(-20).join("\n")}`, 60_000);
  }

  async #read(stream: ReadableStream<Uint8Array>, each: (line: string) => void): Promise<void> {
    const decoder = new TextDecoder();
    let rest = "";
    for await (const chunk of stream) {
      const lines = (rest + decoder.decode(chunk, { stream: true })).split("\n");
      rest = lines.pop() ?? "";
      for (const line of lines) {
        this.lines.push(line);
        each(line);
      }
    }
    if (rest !== "") this.lines.push(rest);
  }

  signal(signal: NodeJS.Signals): void {
    process.kill(this.pid, signal);
  }

  /** As a power cut to the process: nothing is told, nothing is flushed. */
  async kill(): Promise<void> {
    this.#child?.kill("SIGKILL");
    await this.#child?.exited;
  }

  freeze(): void {
    this.signal("SIGSTOP");
  }

  thaw(): void {
    this.signal("SIGCONT");
  }

  /** Ends it in order, if it still runs, and removes what it stood on. */
  async stop(): Promise<void> {
    const child = this.#child;
    if (child && child.exitCode === null && child.signalCode === null) {
      child.kill("SIGCONT");
      child.kill("SIGTERM");
      await within(child.exited, () => "the server did not end", 15_000).catch(async (error: unknown) => {
        await this.kill();
        throw error;
      });
    }
    await this.ground.clear();
  }
}

/** Starts the program as a process of its own. */
export async function spawnServer({ under = [], ...options }: SpawnOptions = {}): Promise<ServerProcess> {
  const server = new ServerProcess(await prepareGround(options), under);
  await server.start();
  return server;
}
