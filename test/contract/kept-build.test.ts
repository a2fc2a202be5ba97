import { afterAll, beforeAll, expect, test } from "bun:test";
import { mkdtempSync, readdirSync, rmSync, utimesSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { clientDigest, keep } from "../../src/server/web/kept-build.ts";

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "parley-test-"));
});
afterAll(() => rmSync(folder, { recursive: true }));

test("what was built from the same is found again, also by two who begin at once; what fails leaves nothing", async () => {
  let built = 0;
  const bothBuild = Promise.withResolvers<void>();
  const build = async (into: string) => {
    const mine = ++built;
    if (mine === 3) bothBuild.resolve();
    if (mine > 1) await bothBuild.promise;
    await Bun.write(join(into, "index.html"), String(mine));
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

test("another byte, another file or other packages are another client", async () => {
  const root = join(folder, "root");
  const write = (name: string, text: string) => Bun.write(join(root, name), text);
  await write("bun.lock", "{}");
  const digests = [await clientDigest(root)];
  for (const name of [
    "src/web/styles/main.css",
    "src/sdk/client.ts",
    "src/protocol/models.ts",
    "src/server/web/bundle.ts",
  ]) {
    await write(name, "");
    digests.push(await clientDigest(root));
    await write(name, "a");
    digests.push(await clientDigest(root));
  }
  await write("bun.lock", "{ }");
  digests.push(await clientDigest(root));
  expect(new Set(digests).size).toBe(10);
  await write("src/server/serve.ts", "a");
  expect(await clientDigest(root)).toBe(digests.at(-1) ?? "");
});
