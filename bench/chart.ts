/** Lines over a common x axis. */
export interface Chart {
  title: string;
  xTitle: string;
  yTitle: string;
  yScale: "linear" | "logarithmic";
  series: { name: string; points: [x: number, y: number][] }[];
}

const width = 760;
const plot = { left: 70, top: 48, right: 728, bottom: 348 };
const legendRowHeight = 22;
const legendColumns = 2;
const markersMax = 24;

/** Readable on light and on dark ground; lines differ by their dashes too. */
const strokes = [
  { light: "#0969da", dark: "#58a6ff", dash: "" },
  { light: "#bc4c00", dark: "#f0883e", dash: "" },
  { light: "#1a7f37", dark: "#3fb950", dash: "" },
  { light: "#8250df", dark: "#bc8cff", dash: "6 4" },
  { light: "#bf3989", dark: "#f778ba", dash: "6 4" },
  { light: "#57606a", dark: "#8b949e", dash: "6 4" },
] as const;

const colours = (scheme: "light" | "dark") => strokes.map((one, index) => `--s${index}:${one[scheme]}`).join(";");

const style = `
svg{--ground:#ffffff;--ink:#1f2328;--quiet:#59636e;--line:#d1d9e0;${colours("light")}}
@media (prefers-color-scheme:dark){svg{--ground:#0d1117;--ink:#f0f6fc;--quiet:#9198a1;--line:#3d444d;${colours("dark")}}}
text{font:12px system-ui,-apple-system,"Segoe UI",sans-serif;fill:var(--quiet)}
.title{font-size:15px;font-weight:600;fill:var(--ink)}
.name{fill:var(--ink)}
.grid{fill:none;stroke:var(--line);stroke-width:1}
.axis{fill:none;stroke:var(--quiet);stroke-width:1}
.line{fill:none;stroke-width:2;stroke-linejoin:round}`;

/** A small SVG that stands alone; light or dark as its reader prefers. */
export function draw(chart: Chart): string {
  const points = chart.series.flatMap((series) => series.points);
  const x = linear(
    points.map(([value]) => value),
    plot.left,
    plot.right,
  );
  const values = points.map(([, value]) => value);
  const y =
    chart.yScale === "logarithmic"
      ? logarithmic(values, plot.bottom, plot.top)
      : linear([0, ...values], plot.bottom, plot.top);
  const height = plot.bottom + 62 + Math.ceil(chart.series.length / legendColumns) * legendRowHeight;
  const parts = [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img">`,
    `<title>${escaped(chart.title)}</title>`,
    `<style>${style}</style>`,
    `<rect width="${width}" height="${height}" rx="6" fill="var(--ground)"/>`,
    `<text class="title" x="${plot.left}" y="26">${escaped(chart.title)}</text>`,
    ...y.ticks.map((tick) => {
      const at = place(y.at(tick));
      return `<path class="grid" d="M${plot.left} ${at}H${plot.right}"/><text x="${plot.left - 8}" y="${at + 4}" text-anchor="end">${label(tick)}</text>`;
    }),
    ...x.ticks.map((tick) => {
      const at = place(x.at(tick));
      return `<path class="axis" d="M${at} ${plot.bottom}v5"/><text x="${at}" y="${plot.bottom + 20}" text-anchor="middle">${label(tick)}</text>`;
    }),
    `<path class="axis" d="M${plot.left} ${plot.top}V${plot.bottom}H${plot.right}"/>`,
    `<text x="${(plot.left + plot.right) / 2}" y="${plot.bottom + 42}" text-anchor="middle">${escaped(chart.xTitle)}</text>`,
    `<text transform="translate(18 ${(plot.top + plot.bottom) / 2}) rotate(-90)" text-anchor="middle">${escaped(chart.yTitle)}</text>`,
    ...chart.series.map((series, index) => line(series.points, index, x, y)),
    ...chart.series.map(({ name }, index) => legend(name, index)),
    "</svg>",
  ];
  return `${parts.join("\n")}\n`;
}

interface Axis {
  at(value: number): number;
  ticks: number[];
}

/** From the least to the most, and so far on that both ends are round numbers. */
function linear(values: readonly number[], from: number, to: number): Axis {
  const [least, most] = [Math.min(...values), Math.max(...values)];
  const step = roundStep((most - least || 1) / 6);
  const first = Math.floor(least / step + 1e-9);
  const last = Math.max(first + 1, Math.ceil(most / step - 1e-9));
  const ticks = Array.from({ length: last - first + 1 }, (_, index) => (first + index) * step);
  return { at: (value) => from + ((value / step - first) / (last - first)) * (to - from), ticks };
}

function logarithmic(values: readonly number[], from: number, to: number): Axis {
  const positive = values.filter((value) => value > 0);
  const first = Math.floor(Math.log10(Math.min(...positive, 1e9)) + 1e-9);
  const last = Math.max(first + 1, Math.ceil(Math.log10(Math.max(...positive, 10 ** first)) - 1e-9));
  const decades = Array.from({ length: last - first + 1 }, (_, index) => 10 ** (first + index));
  const within = last - first <= 2 ? [1, 2, 5] : [1];
  const ticks = decades.flatMap((decade) => within.map((part) => part * decade)).filter((tick) => tick <= 10 ** last);
  // What is nothing stands on the axis.
  const share = (value: number) => (Math.log10(Math.max(value, 10 ** first)) - first) / (last - first);
  return { at: (value) => from + share(value) * (to - from), ticks };
}

/** The next 1, 2 or 5 times a power of ten. */
function roundStep(least: number): number {
  const power = 10 ** Math.floor(Math.log10(least));
  return power * ([1, 2, 5, 10].find((part) => part * power >= least - 1e-12) ?? 10);
}

function line(points: readonly [number, number][], index: number, x: Axis, y: Axis): string {
  const places = points.map(([a, b]) => `${place(x.at(a))} ${place(y.at(b))}`);
  if (places.length === 0) return "";
  const path = `<path class="line" ${stroke(index)} d="M${places.join("L")}"/>`;
  if (points.length > markersMax) return path;
  const marks = points.map(([a, b]) => `<circle cx="${place(x.at(a))}" cy="${place(y.at(b))}" r="3.5"/>`);
  return `${path}<g fill="${colour(index)}">${marks.join("")}</g>`;
}

function legend(name: string, index: number): string {
  const left = plot.left + (index % legendColumns) * ((plot.right - plot.left) / legendColumns);
  const top = plot.bottom + 66 + Math.floor(index / legendColumns) * legendRowHeight;
  return `<path class="line" ${stroke(index)} d="M${left} ${top}h28"/><text class="name" x="${left + 36}" y="${top + 4}">${escaped(name)}</text>`;
}

const colour = (index: number) => `var(--s${index % strokes.length})`;

function stroke(index: number): string {
  const dash = strokes[index % strokes.length]?.dash;
  return `stroke="${colour(index)}"${dash ? ` stroke-dasharray="${dash}"` : ""}`;
}

const place = (value: number) => Number(value.toFixed(1));
const label = (value: number) => value.toLocaleString("en", { maximumFractionDigits: 6 });

const escaped = (text: string) => text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
