import { mkdir, readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import type { Cell, CellReport, Table } from "./cell.ts";
import { draw } from "./chart.ts";
import { type Circumstances, circumstances, circumstancesShape, type Machine } from "./machine.ts";

const value = z.union([z.string(), z.number(), z.null()]);

/** What stands in `bench/results/CELL.json`. */
const keptShape = z.object({
  circumstances: circumstancesShape,
  report: z.object({
    tables: z.array(
      z.object({
        title: z.string(),
        columns: z.array(z.object({ name: z.string(), unit: z.string().optional() })),
        // JSON knows no infinity and makes `null` of it.
        rows: z.array(z.array(value)),
      }),
    ),
    charts: z
      .array(
        z.object({
          file: z.string(),
          chart: z.object({
            title: z.string(),
            xTitle: z.string(),
            yTitle: z.string(),
            yScale: z.enum(["linear", "logarithmic"]),
            series: z.array(z.object({ name: z.string(), points: z.array(z.tuple([z.number(), z.number()])) })),
          }),
        }),
      )
      .optional(),
    notes: z.array(z.string()).optional(),
    targets: z
      .array(z.object({ what: z.string(), target: z.string(), reached: z.string(), isMet: z.boolean() }))
      .optional(),
    faults: z.array(z.string()),
  }),
});

export type Kept = z.infer<typeof keptShape>;
type Described = Pick<Cell, "name" | "title" | "about">;

const resultsIn = (folder: string) => join(folder, "results");
const chartsIn = (folder: string) => join(folder, "charts");

/** Keeps what a cell found, so that one cell can be run again without the others. */
export async function keepResult(cell: Described, report: CellReport, folder = import.meta.dir): Promise<void> {
  await mkdir(resultsIn(folder), { recursive: true });
  const kept = { circumstances: await circumstances(), report };
  await Bun.write(join(resultsIn(folder), `${cell.name}.json`), `${JSON.stringify(kept, null, 2)}\n`);
}

/** Writes `report.md` and its charts from what is kept. */
export async function writeReport(cells: readonly Described[], folder = import.meta.dir): Promise<void> {
  const found: [Described, Kept | undefined][] = [];
  for (const cell of cells) found.push([cell, await readKept(join(resultsIn(folder), `${cell.name}.json`))]);
  await Bun.write(join(folder, "report.md"), reportOf(found));

  const charts = found.flatMap(([, kept]) => kept?.report.charts ?? []);
  await mkdir(chartsIn(folder), { recursive: true });
  for (const { file, chart } of charts) await Bun.write(join(chartsIn(folder), `${file}.svg`), draw(chart));
  const wanted = new Set(charts.map(({ file }) => `${file}.svg`));
  for (const name of await readdir(chartsIn(folder))) if (!wanted.has(name)) await rm(join(chartsIn(folder), name));
}

async function readKept(path: string): Promise<Kept | undefined> {
  const file = Bun.file(path);
  if (!(await file.exists())) return undefined;
  const kept = keptShape.safeParse(await file.json());
  if (!kept.success) throw new Error(`${path} is not what a cell keeps: ${z.prettifyError(kept.error)}`);
  return kept.data;
}

/** The whole report. Cells that were never run are named and nothing more. */
export function reportOf(found: readonly (readonly [Described, Kept | undefined])[]): string {
  const kept = found.flatMap(([cell, one]) => (one ? [{ cell, ...one }] : []));
  const missing = found.flatMap(([cell, one]) => (one ? [] : [`\`${cell.name}\``]));
  const [newest] = kept.map((one) => one.circumstances).toSorted((a, b) => b.at.localeCompare(a.at));
  const faulty = kept.filter(({ report }) => report.faults.length > 0).map(({ cell }) => `\`${cell.name}\``);
  const parts = [
    "# What Parley can do",
    "Written by `bun run bench`; `bun run bench CELL` runs one cell and replaces its part. Everything that is compared was measured in the same run, in turns, with the generator on the same machine. Ratios tell more than absolute figures, which belong to the machine.",
    newest ? machineText(newest.machine) : "Nothing has been measured yet.",
    ...(missing.length > 0 ? [`Not measured: ${missing.join(", ")}.`] : []),
    faulty.length > 0
      ? `**Cells with faults (lost, doubled or reordered messages, or not run to the end): ${faulty.join(", ")}.**`
      : "No message was lost, doubled or reordered in any cell.",
    "What an acknowledgement means: *none*: there is none; *accepted*: the message was taken, and lives in memory; *committed*: it is in the database; *fsynced*: it is on the disk. *CPU* is that of the server's processes, from `/proc`; *cores* is CPU time over wall time; a *batch* is what Parley commits in one transaction, in the mean; *spread* is half the distance between the best and the worst round over the median.",
    ...targetsText(kept),
    ...kept.flatMap(({ cell, circumstances, report }) => [
      `## ${cell.title}`,
      cell.about,
      `\`bun run bench ${cell.name}\`, ${measuredText(circumstances, newest?.machine)}`,
      ...(report.targets ?? []).map(
        ({ what, target, reached, isMet }) => `- ${isMet ? "Met" : "**Missed**"}: ${what}: ${reached} (${target}).`,
      ),
      ...report.faults.map((fault) => `- **Fault**: ${fault}`),
      ...report.tables.flatMap((table) => [
        ...(table.title === "" ? [] : [`**${table.title}**`]),
        ...(table.rows.length > 0 ? [tableText(table)] : []),
      ]),
      ...(report.charts ?? []).map(({ file, chart }) => `![${chart.title}](charts/${file}.svg)`),
      ...(report.notes ?? []).map((note) => `- ${note}`),
    ]),
  ];
  return `${joined(parts)}\n`;
}

/** An empty line between all, but not between the points of a list. */
function joined(parts: readonly string[]): string {
  return parts.reduce((text, part) => {
    const isPoint = part.startsWith("- ") && /(^|\n)- [^\n]*$/.test(text);
    return text === "" ? part : `${text}${isPoint ? "\n" : "\n\n"}${part}`;
  }, "");
}

const machineText = ({ cpu, cores, memoryGb, kernel, bun, fileSystem }: Machine) =>
  `Machine: ${cpu}, ${cores} cores, ${memoryGb} GB, Linux ${kernel}, ${fileSystem}, Bun ${bun}.`;

/** So many who want to run for each core are others at work. */
const busyLoad = 2;

function measuredText(
  { at, commit, syncMs, machine, withheld, loadBefore = 0 }: Circumstances,
  usual: Machine | undefined,
): string {
  const elsewhere = JSON.stringify(machine) === JSON.stringify(usual) ? "" : ` ${machineText(machine)}`;
  const of = /^[0-9a-f]{7,}\b/.test(commit) ? `commit ${commit}` : commit;
  const beside =
    loadBefore > busyLoad * machine.cores
      ? ` Others were at work on the machine: its load before was ${loadBefore}.`
      : "";
  const stolen = withheld
    ? ` A busy loop on each core lost ${withheld.percent} % of its time to others, at most ${withheld.longestMs} ms at once.`
    : "";
  return `measured on ${at.slice(0, 10)}, ${of}; writing and syncing 400 KB took ${syncMs} ms (median).${stolen}${elsewhere}${beside}`;
}

function targetsText(kept: readonly ({ cell: Described } & Kept)[]): string[] {
  const rows = kept.flatMap(({ cell, report }) =>
    (report.targets ?? []).map(({ what, target, reached, isMet }) => [
      isMet ? "met" : "**missed**",
      what,
      target,
      reached,
      `\`${cell.name}\``,
    ]),
  );
  if (rows.length === 0) return [];
  const met = kept.flatMap(({ report }) => report.targets ?? []).filter(({ isMet }) => isMet).length;
  const columns = [{ name: "" }, { name: "what" }, { name: "target" }, { name: "reached" }, { name: "cell" }];
  return ["## Targets", `${met} of ${rows.length} met.`, tableText({ title: "", columns, rows })];
}

interface TableLike {
  columns: { name: string; unit?: string | undefined }[];
  rows: (string | number | null)[][];
}

/** A Markdown table; a column of numbers stands to the right. */
export function tableText({ columns, rows }: TableLike | Table): string {
  const isNumeric = (index: number) => rows.every((row) => typeof row[index] !== "string" || row[index] === "");
  const lines = [
    columns.map(({ name, unit }) => (unit === undefined ? name : `${name}, ${unit}`)),
    columns.map((_, index) => (isNumeric(index) ? "---:" : "---")),
    ...rows.map((row) => row.map(cellText)),
  ];
  return lines.map((line) => `| ${line.map((text) => text.replaceAll("|", "\\|")).join(" | ")} |`).join("\n");
}

function cellText(value: string | number | null): string {
  if (value === null) return "–";
  return typeof value === "string" ? value : value.toLocaleString("en", { maximumFractionDigits: 2 });
}
