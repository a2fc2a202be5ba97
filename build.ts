/**
 * Builds the single binary: server, web client, migrations and the libSQL addon in one file.
 *
 *   bun build.ts [--target linux-x64|linux-arm64] [--outfile FILE]
 *
 * Another machine's runtime and addon come from the npm registry, at the versions that this tree has pinned.
 */
import type { BunPlugin } from "bun";
import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, dirname, join, relative, resolve } from "node:path";
import { parseArgs } from "node:util";
import { buildClient } from "./src/server/web/bundle.ts";

const root = import.meta.dir;

const targets = {
  "linux-x64": { bun: "bun-linux-x64", runtime: "@oven/bun-linux-x64", addon: "@libsql/linux-x64-gnu" },
  "linux-arm64": { bun: "bun-linux-arm64", runtime: "@oven/bun-linux-aarch64", addon: "@libsql/linux-arm64-gnu" },
} as const;
type Target = keyof typeof targets;

function isTarget(name: string): name is Target {
  return Object.hasOwn(targets, name);
}

interface Parts {
  /** `undefined`: the runtime that runs this build. */
  runtime: string | undefined;
  addon: string;
}

/** What the binary needs of its target's machine; `folder` takes what has to be fetched. */
async function partsFor(target: Target, folder: string): Promise<Parts> {
  const { runtime, addon } = targets[target];
  const installed = join(root, "node_modules", addon, "index.node");
  if (target === `${process.platform}-${process.arch}` && (await Bun.file(installed).exists())) {
    return { runtime: undefined, addon: installed };
  }
  const { version } = await Bun.file(join(root, "node_modules/libsql/package.json")).json();
  await Bun.write(join(folder, "package.json"), "{}");
  const packages = [`${runtime}@${Bun.version}`, `${addon}@${version}`];
  const cpu = target.slice("linux-".length);
  const fetching = Bun.spawn(
    [process.execPath, "add", "--ignore-scripts", "--no-save", "--os=linux", `--cpu=${cpu}`, ...packages],
    { cwd: folder, stdout: "ignore", stderr: "pipe" },
  );
  const trouble = await new Response(fetching.stderr).text();
  if ((await fetching.exited) !== 0) throw new Error(`Cannot fetch ${packages.join(" and ")}: ${trouble.trim()}`);
  const modules = join(folder, "node_modules");
  return { runtime: join(modules, runtime, "bin/bun"), addon: join(modules, addon, "index.node") };
}

/** libsql requires its addon by a computed name, which a bundler cannot follow: names it outright, packed into `folder`. */
async function libsqlAddon(addon: string, folder: string): Promise<BunPlugin> {
  const bytes = await Bun.file(addon).bytes();
  const packed = join(folder, "libsql.zst");
  await Bun.write(packed, await Bun.zstdCompress(bytes, { level: 9 }));
  const loader = join(root, "src/server/platform/db/packed-addon.ts");
  const name = Bun.hash(bytes).toString(36);
  const call = `require(${JSON.stringify(loader)}).loadPackedAddon(require(${JSON.stringify(packed)}), "${name}")`;
  return {
    name: "libsql-addon",
    setup(build) {
      build.onLoad({ filter: /\/node_modules\/libsql\/(index|promise)\.js$/ }, async ({ path }) => {
        const source = await Bun.file(path).text();
        const computed = /function requireNative\(\) \{.*?return require\(`@libsql\/\$\{target\}`\);\n\}\n/s;
        if (!computed.test(source)) throw new Error(`${path} has changed: it no longer loads its addon as expected`);
        return {
          contents: source.replace(computed, () => `function requireNative() { return ${call}; }\n`),
          loader: "js",
        };
      });
    },
  };
}

/** Workers are entry points of their own. They lie side by side in the binary, so their names must differ. */
async function workers(): Promise<string[]> {
  const found = new Map<string, string>();
  for (const name of new Bun.Glob("src/server/**/*.ts").scanSync(root)) {
    const source = await Bun.file(join(root, name)).text();
    for (const [call, file] of source.matchAll(/new Worker\((?:new URL\("\.\/([\w-]+\.ts)", import\.meta\.url\))?/g)) {
      if (file === undefined) {
        throw new Error(`${name}: write new Worker(new URL("./file.ts", import.meta.url)), not ${call}…`);
      }
      const path = join(root, dirname(name), file);
      if ((found.get(file) ?? path) !== path) throw new Error(`Two workers are named ${file}`);
      found.set(file, path);
    }
  }
  return [...found.values()];
}

async function build(target: Target, outfile: string): Promise<void> {
  const temporary = await mkdtemp(join(tmpdir(), "parley-build-"));
  try {
    const web = join(temporary, "web");
    const [parts] = await Promise.all([partsFor(target, temporary), buildClient(web, { brotliQuality: 11 })]);
    await mkdir(dirname(outfile), { recursive: true });
    const result = await Bun.build({
      entrypoints: [join(root, "src/main.ts"), ...(await workers())],
      plugins: [await libsqlAddon(parts.addon, temporary)],
      loader: { ".zst": "file" },
      target: "bun",
      minify: true,
      sourcemap: "none",
      // Compiled ahead: a start takes 55 ms instead of 90, for 4 MB more. With top-level await it wants ES modules.
      bytecode: true,
      format: "esm",
      // Side by side, so that `new URL("./worker.ts", import.meta.url)` means the same from source and inside.
      naming: { entry: "[name].[ext]" },
      define: { "process.env.NODE_ENV": JSON.stringify("production") },
      compile: {
        target: targets[target].bun,
        outfile,
        assets: [web, join(root, "db/migrations")],
        // A bunfig.toml or .env that lies where the binary is started must not be obeyed.
        autoloadBunfig: false,
        autoloadDotenv: false,
        ...(parts.runtime && { executablePath: parts.runtime }),
      },
    });
    for (const log of result.logs) console.error(log);
  } finally {
    await rm(temporary, { recursive: true, force: true });
  }
}

const started = performance.now();
const { values } = parseArgs({
  options: { target: { type: "string", default: "linux-x64" }, outfile: { type: "string" } },
});
if (!isTarget(values.target)) {
  console.error(`--target may be ${Object.keys(targets).join(" or ")}, not ${values.target}`);
  process.exit(2);
}
const standard = values.target === "linux-x64" ? "dist/parley" : `dist/parley-${values.target}`;
const outfile = resolve(values.outfile ?? join(root, standard));
await build(values.target, outfile);
const megabytes = (Bun.file(outfile).size / 1e6).toFixed(1);
const seconds = ((performance.now() - started) / 1000).toFixed(1);
console.log(`${relative(process.cwd(), outfile) || basename(outfile)}: ${megabytes} MB in ${seconds} s`);
