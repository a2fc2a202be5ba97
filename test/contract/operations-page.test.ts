import { expect, test } from "bun:test";
import { join } from "node:path";
import { createMetrics } from "../../src/server/platform/metrics.ts";
import { projectRoot, sourceFiles } from "../support/source-files.ts";

const page = await Bun.file(join(projectRoot, "docs/operations.md")).text();
const source = (await sourceFiles("src")).map(({ text }) => text).join("\n");

test("docs/operations.md lists every metric, and no other", () => {
  const list = page.slice(page.indexOf("## All metrics"));
  const listed = [...list.matchAll(/^\| `(parley_\w+)`/gm)].map(([, name]) => name);
  const kept = createMetrics()
    .registry.getMetricsAsArray()
    .map(({ name }) => name);
  expect(listed.toSorted()).toEqual(kept.toSorted());
});

test("it names metrics in its advice that are there", () => {
  const named = [...page.matchAll(/`(parley_\w+)/g)].map(([, name]) => name ?? "");
  const kept = new Set(
    createMetrics()
      .registry.getMetricsAsArray()
      .map(({ name }) => name),
  );
  expect(named.filter((name) => !kept.has(name))).toEqual([]);
});

test("what it quotes of the log, the server says", () => {
  // Beginning in small letters and of several words: a line of the log, its changing parts as “…”.
  const quoted = [...page.matchAll(/`((?:[a-z]|Postgres c|REDIS_URL )[^`|]*? [^`]*? [^`]*)`/g)].map(
    ([, line]) => line ?? "",
  );
  const lines = quoted.filter((line) => !/^(?:parley |ulimit|client-output|maxmemory|redis:|~)/.test(line));
  expect(lines.length).toBeGreaterThan(15);
  const isSaid = (line: string) =>
    line
      .replace(/^(Postgres|REDIS_URL) /, "")
      .replace(/\d+…?/g, "…")
      .split("…")
      .every((part) => source.includes(part.trim()));
  expect(lines.filter((line) => !isSaid(line))).toEqual([]);
});

test("its links lead somewhere", async () => {
  const headings = (text: string) =>
    [...text.matchAll(/^#+ (.*)$/gm)].map(([, title = ""]) =>
      title
        .toLowerCase()
        .replace(/[^\w\- ]/g, "")
        .replaceAll(" ", "-"),
    );
  const broken: string[] = [];
  for (const from of ["docs/operations.md", "docs/scale.md"]) {
    const text = await Bun.file(join(projectRoot, from)).text();
    for (const [, target = ""] of text.matchAll(/\]\(([^)]+)\)/g)) {
      const [path, anchor] = target.split("#");
      const file = path ? join("docs", path) : from;
      const there = Bun.file(join(projectRoot, file));
      const isFolder = !(await there.exists()) && !/\.\w+$/.test(file);
      if (isFolder) continue;
      const isFound = (await there.exists()) && (anchor === undefined || headings(await there.text()).includes(anchor));
      if (!isFound) broken.push(`${from}: ${target}`);
    }
  }
  expect(broken).toEqual([]);
});
