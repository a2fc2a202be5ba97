import { readFileSync, readdirSync } from "node:fs";

/** Linux counts CPU time in hundredths of a second. */
const ticksPerSecond = 100;

/** CPU seconds, user and system, that these processes with all their threads have used. */
export function cpuSeconds(pids: readonly number[]): number {
  return pids.reduce((sum, pid) => sum + cpuTicks(pid), 0) / ticksPerSecond;
}

function cpuTicks(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, "latin1");
  // The name may hold spaces and brackets: fields are counted from its end.
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return Number(fields[11]) + Number(fields[12]);
}

/** A process and all that descend from it. */
export function family(pid: number): number[] {
  const children = readdirSync(`/proc/${pid}/task`).flatMap((task) =>
    readFileSync(`/proc/${pid}/task/${task}/children`, "latin1").trim().split(" ").filter(Boolean).map(Number),
  );
  return [pid, ...children.flatMap(family)];
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
