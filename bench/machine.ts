import { closeSync, fdatasyncSync, openSync, readFileSync, writeSync } from "node:fs";
import { availableParallelism, loadavg, release, tmpdir, totalmem } from "node:os";
import { join } from "node:path";
import { z } from "zod";
import { median } from "./cell.ts";
import { root, run, temporaryFolder } from "./processes.ts";

const machineShape = z.object({
  cpu: z.string(),
  cores: z.number(),
  memoryGb: z.number(),
  kernel: z.string(),
  bun: z.string(),
  fileSystem: z.string(),
});

/** Where and when something was measured, and of what. */
export const circumstancesShape = z.object({
  at: z.iso.datetime(),
  commit: z.string(),
  machine: machineShape,
  /** Median of writing and syncing 400 KB, as much as a full batch of messages. */
  syncMs: z.number(),
  /** What a busy loop on each core lost to others, the machine's host among them, in gaps of over a millisecond. */
  withheld: z.object({ percent: z.number(), longestMs: z.number() }).optional(),
  /** Processes that wanted to run in the minute before: what others did on the machine. */
  loadBefore: z.number().optional(),
});

export type Machine = z.infer<typeof machineShape>;
export type Circumstances = z.infer<typeof circumstancesShape>;

const loadBefore = Math.round(loadavg()[0] ?? 0);

let looked: Promise<Omit<Circumstances, "at" | "withheld">> | undefined;

export async function circumstances(): Promise<Circumstances> {
  looked ??= look();
  return { at: new Date().toISOString(), withheld: await withheld(), ...(await looked) };
}

async function look(): Promise<Omit<Circumstances, "at" | "withheld">> {
  return {
    commit: await commit(),
    machine: {
      cpu: /^model name\s*: (.*)$/m.exec(readFileSync("/proc/cpuinfo", "utf8"))?.[1] ?? process.arch,
      cores: availableParallelism(),
      memoryGb: Math.round(totalmem() / 1024 ** 3),
      kernel: release(),
      bun: Bun.version,
      fileSystem: fileSystemOf(tmpdir()),
    },
    syncMs: medianSyncMs(),
    loadBefore,
  };
}

/** What is measured is the working tree, or a binary that was handed in. */
async function commit(): Promise<string> {
  if (process.env["PARLEY_BIN"]) return "a binary handed in by PARLEY_BIN";
  if (Bun.which("git") === null) return "unknown";
  const head = (await run(["git", "rev-parse", "--short", "HEAD"])).trim();
  const changes = await run(["git", "status", "--porcelain", "--", join(root, "src"), join(root, "db")]);
  return changes.trim() === "" ? head : `${head} with changes`;
}

/** The type of the mount that is nearest above a path. */
function fileSystemOf(path: string): string {
  const mounts = readFileSync("/proc/mounts", "utf8")
    .split("\n")
    .map((line) => line.split(" "));
  const above = mounts.filter(([, at = ""]) => path === at || path.startsWith(at.endsWith("/") ? at : `${at}/`));
  const [nearest] = above.toSorted((a, b) => (b[1]?.length ?? 0) - (a[1]?.length ?? 0));
  return nearest?.[2] ?? "unknown";
}

const busyMs = 2_000;

/** A loop on each core at once: a host that gives all its machines more cores than it has lets one alone run. */
async function withheld(): Promise<{ percent: number; longestMs: number }> {
  const loop = [process.execPath, join(root, "bench/busy-loop.ts"), String(busyMs)];
  const gaps = await Promise.all(Array.from({ length: availableParallelism() }, () => run(loop)));
  const each = gaps.map((line) => gapsShape.parse(JSON.parse(line)));
  const lostMs = Math.max(...each.map((one) => one.lostMs));
  const longestMs = Math.max(...each.map((one) => one.longestMs));
  return { percent: Number(((100 * lostMs) / busyMs).toFixed(1)), longestMs: Math.round(longestMs) };
}

const gapsShape = z.object({ lostMs: z.number(), longestMs: z.number() });

const syncs = 50;

function medianSyncMs(): number {
  const bytes = Buffer.alloc(400_000, 1);
  const file = openSync(join(temporaryFolder(), "sync"), "w");
  try {
    const times = Array.from({ length: syncs }, () => {
      const startMs = performance.now();
      writeSync(file, bytes);
      fdatasyncSync(file);
      return performance.now() - startMs;
    });
    return Number(median(times).toFixed(2));
  } finally {
    closeSync(file);
  }
}
