import { afterAll, expect, test } from "bun:test";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { CellReport } from "../../bench/cell.ts";
import { type Chart, draw } from "../../bench/chart.ts";
import { keepResult, tableText, writeReport } from "../../bench/report.ts";

const folder = mkdtempSync(join(tmpdir(), "parley-report-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const chart: Chart = {
  title: "Memory <of> sockets",
  xTitle: "sockets",
  yTitle: "MB",
  yScale: "linear",
  series: [
    {
      name: "Parley & others",
      points: [
        [0, 80],
        [10_000, 120],
      ],
    },
  ],
};

const cells = [
  { name: "first", title: "The first", about: "What is done." },
  { name: "second", title: "The second", about: "Something else." },
  { name: "third", title: "Never run", about: "Nothing." },
];

const found = (reached: string, more: Partial<CellReport> = {}): CellReport => ({
  tables: [{ title: "", columns: [{ name: "server" }, { name: "acked", unit: "/s" }], rows: [["Parley", 61_234]] }],
  targets: [{ what: "ingest", target: "at least 60,000", reached, isMet: reached !== "too little" }],
  faults: [],
  ...more,
});

const written = () => Bun.file(join(folder, "report.md")).text();

test("the report has the targets first, then every cell that was run, and names the others", async () => {
  await keepResult(cells[0]!, found("61,234", { charts: [{ file: "memory", chart }], notes: ["A note."] }), folder);
  await keepResult(cells[1]!, found("too little", { faults: ["a message was lost"] }), folder);
  await writeReport(cells, folder);
  const text = await written();
  expect(text).toContain("1 of 2 met.");
  expect(text).toContain("| met | ingest | at least 60,000 | 61,234 | `first` |");
  expect(text).toContain("| **missed** | ingest | at least 60,000 | too little | `second` |");
  expect(text.indexOf("## Targets")).toBeLessThan(text.indexOf("## The first"));
  expect(text.indexOf("## The first")).toBeLessThan(text.indexOf("## The second"));
  expect(text).toContain("- **Fault**: a message was lost");
  expect(text).toContain("**Cells with faults");
  expect(text).toContain("![Memory <of> sockets](charts/memory.svg)");
  expect(text).toContain("- A note.");
  expect(text).toContain("Not measured: `third`.");
  expect(text).toMatch(/Machine: .+, \d+ cores, \d+ GB, Linux .+, Bun \d/);
  expect(readdirSync(join(folder, "charts"))).toEqual(["memory.svg"]);
});

test("a cell that is run again replaces its own part alone", async () => {
  await keepResult(cells[1]!, found("70,000"), folder);
  const before = await written();
  await writeReport(cells, folder);
  const after = await written();
  expect(after).toContain("2 of 2 met.");
  expect(after).not.toContain("a message was lost");
  const part = (text: string) => text.slice(text.indexOf("## The first"), text.indexOf("## The second"));
  expect(part(after)).toBe(part(before));
});

test("what is not a kept result is refused, with the name of its file", async () => {
  await Bun.write(join(folder, "results/third.json"), '{"tables":[]}');
  await expect(writeReport(cells, folder)).rejects.toThrow("third.json is not what a cell keeps");
});

test("numbers have separators and stand to the right, bars do not break a table", () => {
  const columns = [{ name: "server" }, { name: "acked", unit: "/s" }, { name: "batch" }];
  expect(
    tableText({
      columns,
      rows: [
        ["a|b", 1_234_567.891, ""],
        ["c", null, 3],
      ],
    }),
  ).toBe(
    ["| server | acked, /s | batch |", "| --- | ---: | ---: |", "| a\\|b | 1,234,567.89 |  |", "| c | – | 3 |"].join(
      "\n",
    ),
  );
});

test("a chart is well-formed, with titles, ticks and a legend, for light and for dark", () => {
  const svg = draw(chart);
  expect(svg).toContain("Memory &lt;of&gt; sockets");
  expect(svg).toContain("Parley &amp; others");
  for (const text of [">sockets<", ">MB<", ">10,000<", ">0<", "prefers-color-scheme:dark"]) expect(svg).toContain(text);
  expect(isBalanced(svg)).toBe(true);
});

test("a point is where its axes say", () => {
  const places = (yScale: Chart["yScale"], points: [number, number][]) =>
    [
      ...draw({ ...chart, yScale, series: [{ name: "", points }] }).matchAll(/<circle cx="([\d.]+)" cy="([\d.]+)"/g),
    ].map(([, x, y]) => [Number(x), Number(y)]);
  const [[left = 0, bottom = 0] = [], [middle = 0, half = 0] = [], [right = 0, top = 0] = []] = places("linear", [
    [0, 0],
    [50, 50],
    [100, 100],
  ]);
  expect(left).toBeLessThan(right);
  expect(bottom).toBeGreaterThan(top);
  expect(middle).toBeCloseTo((left + right) / 2, 0);
  expect(half).toBeCloseTo((bottom + top) / 2, 0);
  const [[, one = 0] = [], [, ten = 0] = [], [, hundred = 0] = [], [, nothing = 0] = []] = places("logarithmic", [
    [0, 1],
    [1, 10],
    [2, 100],
    [3, 0],
  ]);
  expect(ten).toBeCloseTo((one + hundred) / 2, 0);
  expect(nothing).toBe(one);
});

test("a chart of nothing, of one point or of one value is still a chart", () => {
  for (const points of [
    [],
    [[5, 5]],
    [
      [1, 7],
      [2, 7],
    ],
    [[0, 0]],
  ] satisfies [number, number][][]) {
    for (const yScale of ["linear", "logarithmic"] as const) {
      const svg = draw({ ...chart, yScale, series: [{ name: "one", points }] });
      expect(svg).not.toMatch(/NaN|Infinity/);
      expect(isBalanced(svg)).toBe(true);
    }
  }
});

/** Every element that is opened is closed. */
function isBalanced(svg: string): boolean {
  const open: string[] = [];
  for (const [, close, name = "", empty] of svg.matchAll(/<(\/?)([a-z]+)[^>]*?(\/?)>/g)) {
    if (close) {
      if (open.pop() !== name) return false;
    } else if (!empty) open.push(name);
  }
  return open.length === 0;
}
