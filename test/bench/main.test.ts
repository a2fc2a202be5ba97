import { beforeAll, expect, test } from "bun:test";
import { dirname, join } from "node:path";
import { binary, buildMs } from "../support/binary.ts";

const main = join(import.meta.dir, "../../bench/main.ts");

/** With Bun alone on the path: peers that need other programs are named, and left out. */
async function bench(...args: string[]) {
  const child = Bun.spawn([process.execPath, main, ...args], {
    env: {
      PATH: dirname(process.execPath),
      HOME: process.env["HOME"] ?? "",
      PARLEY_BIN: await binary(),
      BUN_FEATURE_FLAG_NO_ORPHANS: "1",
    },
    stdin: "ignore",
    stdout: "pipe",
    stderr: "pipe",
  });
  const [code, out, err] = await Promise.all([
    child.exited,
    new Response(child.stdout).text(),
    new Response(child.stderr).text(),
  ]);
  return { code, out, err };
}

beforeAll(async () => void (await binary()), buildMs);

test("an unknown cell is refused, with the list of those that are", async () => {
  const { code, out, err } = await bench("ingest", "nonsense");
  expect(code).toBe(2);
  expect(err).toContain("no such cell: nonsense");
  expect(out).toMatch(/^ {2}ingest /m);
});

test("a cell runs to its end on a real server and finds no fault", async () => {
  const { code, out, err } = await bench("--quick", "ingest");
  expect(out).not.toContain("FAULT");
  expect(err).toBe("");
  expect(out).toMatch(/│ Parley +│ fsynced +│ [1-9]\d+ +│/);
  expect(out).toContain("ejabberd was not measured: apt-get install");
  expect(code).toBe(0);
}, 60_000);
