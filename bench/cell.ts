import type { Chart } from "./chart.ts";

/** What a cell found. Numbers only; the report words and rounds them. */
export interface CellReport {
  tables: Table[];
  charts?: { file: string; chart: Chart }[];
  /** What the reader has to know to judge the figures. */
  notes?: string[];
  targets?: Target[];
  /** A lost, doubled or reordered message, or another broken promise: the cell has failed. */
  faults: string[];
}

export interface Table {
  title: string;
  columns: { name: string; unit?: string }[];
  rows: (string | number)[][];
}

/** A figure that was set as a target, and what was reached. */
export interface Target {
  what: string;
  target: string;
  reached: string;
  isMet: boolean;
}

/** What a cell is given. */
export interface Bench {
  /** `--quick`: a tenth of the time, for trying the bench itself. */
  isQuick: boolean;
  /** Shows where the cell is. */
  say(progress: string): void;
  /** A length of time, shorter when quick. */
  seconds(full: number): number;
}

/** One question to the machine and its answer. */
export interface Cell {
  name: string;
  title: string;
  /** What is done, and what an acknowledgement meant. */
  about: string;
  run(bench: Bench): Promise<CellReport>;
}

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? (sorted[middle] ?? 0) : ((sorted[middle - 1] ?? 0) + (sorted[middle] ?? 0)) / 2;
}

/** Half the distance between the extremes over the median: how much the machine's noise moved a figure. */
export function spread(values: readonly number[]): number {
  const middle = median(values);
  return middle === 0 ? 0 : (Math.max(...values) - Math.min(...values)) / 2 / middle;
}
