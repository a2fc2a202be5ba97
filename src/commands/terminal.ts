import { writeSync } from "node:fs";

/** Writes a line to standard output at once, also into a pipe, so that an exit cannot cut it off. */
export function print(line: string): void {
  write(1, `${line}\n`);
}

export function printError(line: string): void {
  write(2, `${line}\n`);
}

function write(descriptor: 1 | 2, text: string): void {
  let rest = Buffer.from(text);
  while (rest.length > 0) {
    try {
      rest = rest.subarray(writeSync(descriptor, rest));
    } catch (error) {
      const code = error instanceof Error && "code" in error ? error.code : undefined;
      // Who reads has gone (`parley user list | head`): nothing is left to say.
      if (code === "EPIPE") return;
      if (code !== "EAGAIN") throw error;
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 5);
    }
  }
}

/** Lines up columns, the first row as heading. */
export function table(rows: readonly (readonly string[])[]): string {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => Bun.stringWidth(row[column] ?? ""))));
  const cell = (text: string, column: number) => text + " ".repeat((widths[column] ?? 0) - Bun.stringWidth(text));
  return rows.map((row) => row.map(cell).join("  ").trimEnd()).join("\n");
}

/** One line for a person, whatever was thrown: no stack, no line breaks, no terminal codes. */
export function oneLine(error: unknown): string {
  const text = error instanceof Error ? error.message || error.name : String(error);
  // oxlint-disable-next-line no-control-regex
  return text.replace(/[\u0000-\u001F\u007F-\u009F]+/g, " ").trim();
}

const barWidth = 30;

/** Shows how far something is: a bar on a terminal, a line every tenth elsewhere. Writes to standard error. */
export class Progress {
  #shown = -1;

  constructor(private readonly label: string) {}

  update(done: number, total: number): void {
    const share = total === 0 ? 1 : done / total;
    const step = Math.floor(share * (process.stderr.isTTY ? 100 : 10));
    if (step === this.#shown) return;
    this.#shown = step;
    const percent = `${Math.floor(share * 100)} %`.padStart(5);
    if (process.stderr.isTTY) {
      const full = Math.round(share * barWidth);
      const bar = "█".repeat(full) + "░".repeat(barWidth - full);
      write(2, `\r${this.label} ${bar} ${percent}${share >= 1 ? "\n" : ""}`);
    } else {
      printError(`${this.label} ${percent}`);
    }
  }
}
