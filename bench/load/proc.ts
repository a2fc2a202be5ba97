import { readFileSync, readdirSync } from "node:fs";

/** Linux counts CPU time in hundredths of a second. */
const ticksPerSecond = 100;

/**
 * CPU seconds, user and system, that these processes with all their threads have used, and those of their children that
 * have ended: a database gives every connection a process, and takes it away again.
 */
export function cpuSeconds(pids: readonly number[]): number {
  return pids.reduce((sum, pid) => sum + cpuTicks(pid), 0) / ticksPerSecond;
}

function cpuTicks(pid: number): number {
  const stat = ofLiving(() => readFileSync(`/proc/${pid}/stat`, "latin1")) ?? "";
  // The name may hold spaces and brackets: fields are counted from its end.
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return fields.slice(11, 15).reduce((sum, field) => sum + Number(field), 0);
}

/** A process and all that descend from it. */
export function family(pid: number): number[] {
  const children = ofLiving(() =>
    readdirSync(`/proc/${pid}/task`).flatMap((task) =>
      readFileSync(`/proc/${pid}/task/${task}/children`, "latin1").trim().split(" ").filter(Boolean).map(Number),
    ),
  );
  return children ? [pid, ...children.flatMap(family)] : [];
}

/** What is read of a process, unless it has ended. */
function ofLiving<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch (error) {
    if (error instanceof Error && "code" in error && (error.code === "ENOENT" || error.code === "ESRCH"))
      return undefined;
    throw error;
  }
}

/** All of these processes and all that descend from them, each once. */
export function families(pids: readonly number[]): number[] {
  return [...new Set(pids.flatMap(family))];
}

/** Proportional set size in bytes: shared pages are divided among those who share them. */
export function pssBytes(pids: readonly number[]): number {
  return pids.reduce((sum, pid) => sum + mappedBytes(pid, /^Pss:\s+(\d+) kB/m), 0);
}

/** Resident set size in bytes: shared pages count for each. */
export function rssBytes(pids: readonly number[]): number {
  return pids.reduce((sum, pid) => sum + mappedBytes(pid, /^Rss:\s+(\d+) kB/m), 0);
}

function mappedBytes(pid: number, line: RegExp): number {
  return Number(line.exec(readFileSync(`/proc/${pid}/smaps_rollup`, "latin1"))?.[1] ?? 0) * 1024;
}

/** Bytes of kernel memory in slabs, of the whole machine: sockets are there. */
export function slabBytes(): number {
  return Number(/^Slab:\s+(\d+) kB/m.exec(readFileSync("/proc/meminfo", "latin1"))?.[1] ?? 0) * 1024;
}
