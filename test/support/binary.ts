import { chmodSync, mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { z } from "zod";
import { within } from "./deferred.ts";

const root = join(import.meta.dir, "../..");
/** How long a hook may wait for the build. */
export const buildMs = 180_000;

let built: Promise<string> | undefined;

/** The single binary: `PARLEY_BIN`, or one that is built now, once for all tests, and goes when they end. */
export function binary(): Promise<string> {
  built ??= process.env["PARLEY_BIN"] ? Promise.resolve(process.env["PARLEY_BIN"]) : build();
  return built;
}

async function build(): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), "parley-binary-"));
  // `bun test` ends without an exit event. When this process is gone, however it went, the shell's input closes.
  Bun.spawn(["sh", "-c", 'cat >/dev/null; rm -rf "$FOLDER"'], {
    env: environment({ FOLDER: folder }),
    stdin: "pipe",
  }).unref();
  // Some tests run it as a user without rights.
  chmodSync(folder, 0o755);
  const outfile = join(folder, "parley");
  const building = Bun.spawn([process.execPath, join(root, "build.ts"), "--outfile", outfile], {
    cwd: root,
    stdout: "ignore",
    stderr: "pipe",
  });
  const trouble = await new Response(building.stderr).text();
  if ((await building.exited) !== 0) throw new Error(`the build failed: ${trouble}`);
  return outfile;
}

interface RunOptions {
  /** The whole environment beside `PATH`. */
  env?: Record<string, string>;
  cwd: string;
  stdin?: string;
  /** Runs as this user. */
  uid?: number;
}

export interface Outcome {
  code: number;
  stdout: string;
  stderr: string;
}

function environment(env: Record<string, string> = {}): Record<string, string> {
  return { PATH: process.env["PATH"] ?? "", BUN_FEATURE_FLAG_NO_ORPHANS: "1", ...env };
}

/** Runs the binary to its end. */
export async function run(args: readonly string[], { env, cwd, stdin = "", uid }: RunOptions): Promise<Outcome> {
  const child = Bun.spawn([await binary(), ...args], {
    cwd,
    env: environment(env),
    stdin: Buffer.from(stdin),
    stdout: "pipe",
    stderr: "pipe",
    ...(uid !== undefined && { uid }),
  });
  const all = Promise.all([child.exited, new Response(child.stdout).text(), new Response(child.stderr).text()]);
  try {
    const [code, stdout, stderr] = await within(all, () => `parley ${args.join(" ")} does not end`, 25_000);
    return { code, stdout, stderr };
  } finally {
    child.kill("SIGKILL");
  }
}

export interface Serving extends AsyncDisposable {
  url: string;
  /** The first line on standard output. */
  firstLine: string;
  /** Asks it to stop; gives the exit code. */
  stop(): Promise<number>;
}

const readyLine = z.object({ msg: z.literal("ready"), url: z.url() });

/** Starts `parley serve` and waits for its first line, which must be the ready line. */
export async function serve({ env = {}, cwd }: Omit<RunOptions, "stdin">): Promise<Serving> {
  const child = Bun.spawn([await binary(), "serve"], {
    cwd,
    env: environment({ PORT: "0", BCRYPT_COST: "4", ...env }),
    stdin: "ignore",
    stdout: "pipe",
    stderr: "pipe",
  });
  const errors = new Response(child.stderr).text();
  const lines = linesOf(child.stdout)[Symbol.asyncIterator]();
  const first = await within(lines.next(), () => "parley serve says nothing", 20_000);
  if (first.done) throw new Error(`parley serve ended with ${await child.exited}: ${await errors}`);
  const url = first.value.startsWith("{")
    ? readyLine.parse(JSON.parse(first.value)).url
    : z.url().parse(/ is ready at (\S+)$/.exec(first.value)?.[1]);
  // Read on, so that it never waits for a full pipe.
  const rest = (async () => {
    for (let line = await lines.next(); !line.done; line = await lines.next());
  })();
  const stop = async () => {
    child.kill("SIGTERM");
    const code = await within(child.exited, () => "parley serve does not stop", 15_000);
    await rest;
    return code;
  };
  return {
    url: url.replace(/\/$/, ""),
    firstLine: first.value,
    stop,
    async [Symbol.asyncDispose]() {
      if (child.exitCode === null) await stop().finally(() => child.kill("SIGKILL"));
    },
  };
}

async function* linesOf(stream: ReadableStream<Uint8Array>): AsyncGenerator<string> {
  const decoder = new TextDecoder();
  let rest = "";
  for await (const chunk of stream) {
    const lines = (rest + decoder.decode(chunk, { stream: true })).split("\n");
    rest = lines.pop() ?? "";
    yield* lines;
  }
  if (rest !== "") yield rest;
}
