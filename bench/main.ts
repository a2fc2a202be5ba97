import { parseArgs } from "node:util";
import type { Bench, CellReport } from "./cell.ts";
import { cells } from "./cells.ts";
import { keepResult, writeReport } from "./report.ts";

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { quick: { type: "boolean", default: false }, help: { type: "boolean", default: false } },
});
const unknown = positionals.filter((name) => !cells.some((cell) => cell.name === name));
if (values.help || unknown.length > 0) {
  if (unknown.length > 0) console.error(`no such cell: ${unknown.join(", ")}`);
  const list = cells.map(({ name, title }) => `  ${name.padEnd(20)}${title}`).join("\n");
  console.log(
    `bun run bench [--quick] [CELL …]\n\nMeasures and writes bench/report.md. Without a cell: all of them.\n\n${list}`,
  );
  process.exit(unknown.length > 0 ? 2 : 0);
}

const failed: string[] = [];
for (const cell of cells.filter(({ name }) => positionals.length === 0 || positionals.includes(name))) {
  const startedMs = performance.now();
  const since = () => `${((performance.now() - startedMs) / 1_000).toFixed(0)} s`.padStart(6);
  const bench: Bench = {
    isQuick: values.quick,
    say: (progress) => console.log(`${since()}  ${cell.name}: ${progress}`),
    seconds: (full) => (values.quick ? Math.max(1, full / 10) : full),
  };
  bench.say(cell.title);
  let report: CellReport;
  try {
    report = await cell.run(bench);
  } catch (error) {
    // One cell that cannot run must not cost the others' hours.
    report = { tables: [], faults: [error instanceof Error ? error.message : String(error)] };
  }
  for (const { title, columns, rows } of report.tables) {
    if (title !== "") console.log(title);
    console.table(
      rows.map((row) => Object.fromEntries(row.map((value, index) => [columns[index]?.name ?? index, value]))),
    );
  }
  for (const { what, target, reached, isMet } of report.targets ?? []) {
    console.log(`${isMet ? "met   " : "MISSED"}  ${what}: ${reached} (${target})`);
  }
  for (const note of report.notes ?? []) console.log(`note    ${note}`);
  for (const fault of report.faults) console.log(`FAULT   ${fault}`);
  if (report.faults.length > 0) failed.push(cell.name);
  if (!values.quick) await keepResult(cell, report);
}
if (!values.quick) await writeReport(cells);
if (failed.length > 0) console.error(`failed: ${failed.join(", ")}`);
process.exit(failed.length > 0 ? 1 : 0);
