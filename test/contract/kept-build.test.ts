import { afterAll, beforeAll, expect, test } from "bun:test";
import { mkdtempSync, readdirSync, rmSync, utimesSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { keep } from "../../src/server/web/kept-build.ts";

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "parley-test-"));
});
afterAll(() => rmSync(folder, { recursive: true }));

test("what was built from the same is found again, also by two who begin at once; what fails leaves nothing", async () => {
  let built = 0;
  const build = async (into: string) => {
    await Bun.write(join(into, "index.html"), String(++built));
  };
  const read = async (name: string) => Bun.file(join(await keep(folder, name, build), "index.html")).text();
  const failing = keep(folder, "a", async (into) => {
    await build(into);
    throw new Error("a mistake in the page");
  });
  expect(await failing.then(String, String)).toBe("Error: a mistake in the page");
  expect(readdirSync(folder)).toEqual([]);
  const [one, two] = await Promise.all([read("a"), read("a")]);
  expect(two).toBe(one);
  expect(await read("a")).toBe(one);
  expect(built).toBe(3);
  const longAgo = new Date(Date.now() - 48 * 60 * 60_000);
  utimesSync(join(folder, "a"), longAgo, longAgo);
  await read("b");
  expect(readdirSync(folder)).toEqual(["b"]);
});
