import { rmSync } from "node:fs";
import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { family } from "./load/proc.ts";

export const root = join(import.meta.dir, "..");

/** A running program: stopped with everything that it started. */
export interface Running {
  pid: number;
  /** It and its children. */
  pids(): number[];
  kill(signal?: NodeJS.Signals): Promise<void>;
  /** The first line of its output that `find` takes. Rejects when the program ends before. */
  line<T>(find: (line: string) => T | undefined): Promise<T>;
  /** Its last lines, of both outputs. */
  tail(): string;
}

interface StartOptions {
  cwd?: string;
  env?: Record<string, string>;
  stdin?: string;
  /** Who it runs as; else as we do. */
  user?: { uid: number; gid: number };
}

const linesKept = 200;

/** Starts a program in an environment of its own; nothing of ours but `PATH` and `HOME` reaches it. */
export function start(command: readonly string[], { cwd = root, env = {}, stdin, user }: StartOptions = {}): Running {
  const child = Bun.spawn([...command], {
    cwd,
    ...user,
    env: {
      PATH: process.env["PATH"] ?? "",
      HOME: process.env["HOME"] ?? "",
      // Should this process die, it dies too.
      BUN_FEATURE_FLAG_NO_ORPHANS: "1",
      ...env,
    },
    stdin: stdin === undefined ? "ignore" : Buffer.from(stdin),
    stdout: "pipe",
    stderr: "pipe",
  });
  const kept: string[] = [];
  const waiting = new Set<(line: string | undefined) => void>();
  const read = async (stream: ReadableStream<Uint8Array>) => {
    const decoder = new TextDecoder();
    let rest = "";
    for await (const chunk of stream) {
      const lines = (rest + decoder.decode(chunk, { stream: true })).split("\n");
      rest = lines.pop() ?? "";
      for (const line of lines) {
        kept.push(line);
        if (kept.length > linesKept) kept.shift();
        for (const take of waiting) take(line);
      }
    }
  };
  const outputs = Promise.all([read(child.stdout), read(child.stderr)]);
  void outputs.then(() => {
    for (const take of waiting) take(undefined);
  });
  return {
    pid: child.pid,
    pids: () => family(child.pid),
    async kill(signal = "SIGKILL") {
      child.kill(signal);
      await child.exited;
    },
    tail: () => kept.slice(-20).join("\n"),
    line: (find) =>
      new Promise((resolve, reject) => {
        const take = (line: string | undefined) => {
          const found = line === undefined ? undefined : find(line);
          if (found === undefined && line !== undefined) return;
          waiting.delete(take);
          if (found === undefined) reject(new Error(`${command.join(" ")} ended: ${kept.slice(-20).join("\n")}`));
          else resolve(found);
        };
        for (const line of kept) {
          const found = find(line);
          if (found !== undefined) {
            resolve(found);
            return;
          }
        }
        waiting.add(take);
      }),
  };
}

/** The same program, killed by the kernel when this process ends, however it ends; Bun's own do that by themselves. */
export function leashed(command: readonly string[]): string[] {
  const setpriv = Bun.which("setpriv");
  return setpriv === null ? [...command] : [setpriv, "--pdeathsig", "KILL", "--", ...command];
}

/** Runs a program to its end and gives its standard output; throws with what it said when it fails. */
export async function run(command: readonly string[], options: StartOptions = {}): Promise<string> {
  const child = Bun.spawn([...command], {
    cwd: options.cwd ?? root,
    ...options.user,
    env: { PATH: process.env["PATH"] ?? "", HOME: process.env["HOME"] ?? "", ...options.env },
    stdin: options.stdin === undefined ? "ignore" : Buffer.from(options.stdin),
    stdout: "pipe",
    stderr: "pipe",
  });
  const [out, err, code] = await Promise.all([
    new Response(child.stdout).text(),
    new Response(child.stderr).text(),
    child.exited,
  ]);
  if (code !== 0) throw new Error(`${command.join(" ")} failed: ${(err || out).slice(-2_000)}`);
  return out;
}

/** An empty folder that goes with this process. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "parley-bench-"));
  process.once("exit", () => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** A port that was free a moment ago, for programs that cannot choose one themselves. */
export function freePort(): number {
  const listener = Bun.listen({ hostname: "0.0.0.0", port: 0, socket: { data: () => undefined } });
  const { port } = listener;
  listener.stop(true);
  return port;
}
