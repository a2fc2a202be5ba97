import { configure, reset, type Sink } from "@logtape/logtape";
import { getRotatingFileSink } from "@logtape/file";
import { jsonLine, textLine } from "./log-format.ts";
import { StartError } from "./start-error.ts";

interface LogOptions {
  level: "debug" | "info" | "warning" | "error";
  format: "json" | "text";
  /** A second copy, rotated. */
  file: string | undefined;
}

/** The process's log, from start to end. */
export interface Logging {
  /** Writes the line that says where the server is ready: the first of all, whatever the level. */
  announce(ready: { version: string; url: string }): void;
  /** Writes what is still held, and resolves when it is out. */
  close(): Promise<void>;
}

/** Lines waiting for a reader who does not read; beyond it they are dropped and counted, for a log must never block. */
const waitingCharsMax = 4 * 1024 * 1024;
const fileBytesMax = 10 * 1024 * 1024;
const filesMax = 5;

/** Lines on their way to stdout, a chunk at a time, without ever waiting for whoever reads them. */
class LineWriter {
  readonly #out = Bun.stdout.writer();
  #waiting: string[] = [];
  #waitingChars = 0;
  #dropped = 0;
  #writing: Promise<void> | undefined;

  write(line: string): void {
    if (this.#waitingChars + line.length > waitingCharsMax) {
      this.#dropped++;
      return;
    }
    this.#waiting.push(line);
    this.#waitingChars += line.length;
    this.#writing ??= this.#run();
  }

  async #run(): Promise<void> {
    // After this turn of the event loop, so that its lines share one system call.
    await new Promise((resolve) => setImmediate(resolve));
    while (this.#waiting.length > 0) {
      const dropped =
        this.#dropped > 0 ? `{"level":"warning","msg":"log lines were dropped","count":${this.#dropped}}\n` : "";
      const chunk = this.#waiting.join("") + dropped;
      this.#waiting = [];
      this.#waitingChars = 0;
      this.#dropped = 0;
      try {
        this.#out.write(chunk);
        await this.#out.flush();
      } catch {
        return; // Nobody will ever read it: the promise stays, so that nothing is written again.
      }
    }
    this.#writing = undefined;
  }

  async idle(): Promise<void> {
    await this.#writing;
  }
}

/**
 * Points the loggers of this process at stdout and, if wanted, at a file. What is logged before `announce` waits for it.
 * Throws `StartError` when the file cannot be written.
 */
export async function startLogging({ level, format, file }: LogOptions): Promise<Logging> {
  const formatter = format === "json" ? jsonLine : textLine;
  const out = new LineWriter();
  let held: string[] | undefined = [];
  const release = () => {
    for (const line of held ?? []) out.write(line);
    held = undefined;
  };
  const sinks: Record<string, Sink> = {
    stdout: (record) => {
      if (held) held.push(formatter(record));
      else out.write(formatter(record));
    },
    ...(file !== undefined && { file: openFile(file) }),
  };
  const names = Object.keys(sinks);
  await configure({
    reset: true,
    sinks,
    loggers: [
      { category: "parley", lowestLevel: level, sinks: names },
      { category: ["logtape", "meta"], lowestLevel: "error", sinks: names },
    ],
  });
  return {
    announce({ version, url }) {
      const now = new Date().toISOString();
      const ready = { time: now, level: "info", logger: "parley", msg: "ready", version, url };
      out.write(format === "json" ? `${JSON.stringify(ready)}\n` : `Parley ${version} is ready at ${url}\n`);
      release();
    },
    async close() {
      release();
      await reset();
      await out.idle();
    },
  };
}

function openFile(path: string): Sink {
  try {
    return getRotatingFileSink(path, {
      formatter: jsonLine,
      maxSize: fileBytesMax,
      maxFiles: filesMax,
      nonBlocking: true,
    });
  } catch (error) {
    throw new StartError(
      `LOG_FILE ${path} cannot be written: ${error instanceof Error ? error.message : String(error)}`,
    );
  }
}
