import { transformAsync } from "@babel/core";
import type { BunPlugin } from "bun";
import { existsSync } from "node:fs";
import { brotliCompress, constants, gzip } from "node:zlib";
import { promisify } from "node:util";
import { join, resolve } from "node:path";

const clientFolder = resolve(import.meta.dir, "../../web");

/** Lets React Compiler memoise components and hooks. What it cannot prove safe it leaves as written. */
const reactCompiler: BunPlugin = {
  name: "react-compiler",
  setup(build) {
    build.onLoad({ filter: /\/src\/web\/.*(\.tsx|\/use-[^/]+\.ts)$/ }, async ({ path }) => {
      const result = await transformAsync(await Bun.file(path).text(), {
        filename: path,
        babelrc: false,
        configFile: false,
        parserOpts: { plugins: ["jsx", "typescript"] },
        plugins: ["babel-plugin-react-compiler"],
      });
      if (typeof result?.code !== "string") throw new Error(`React Compiler gave nothing for ${path}`);
      return { contents: result.code, loader: path.endsWith("x") ? "tsx" : "ts" };
    });
  },
};

const compressible = /\.(html|js|css|json|svg|webmanifest|txt|map)$/;

/** Writes a file, and beside it its compressed forms where they are shorter. */
async function write(path: string, body: Uint8Array<ArrayBuffer>, brotliQuality: number): Promise<void> {
  await Bun.write(path, body);
  if (!compressible.test(path)) return;
  const [br, gz] = await Promise.all([
    promisify(brotliCompress)(body, { params: { [constants.BROTLI_PARAM_QUALITY]: brotliQuality } }),
    promisify(gzip)(body, { level: constants.Z_BEST_COMPRESSION }),
  ]);
  if (br.length < body.length) await Bun.write(`${path}.br`, br);
  if (gz.length < body.length) await Bun.write(`${path}.gz`, gz);
}

/** Bun folds every script of a page into its module, which runs after the first paint; this one sets theme and language. */
async function withBootScript(page: Blob): Promise<Uint8Array<ArrayBuffer>> {
  const rewriter = new HTMLRewriter().on("title", {
    element: (title) => void title.before('<script src="/boot.js"></script>', { html: true }),
  });
  return await rewriter.transform(new Response(page)).bytes();
}

/**
 * Builds the web client into `folder`: one HTML page, hashed files below `assets`, split where it imports dynamically, and
 * what lies in `src/web/public` as it is; each with `.br` and `.gz` beside it. Throws an AggregateError that names every
 * mistake.
 */
export async function buildClient(folder: string, { brotliQuality }: { brotliQuality: number }): Promise<void> {
  const built = await Bun.build({
    entrypoints: [join(clientFolder, "index.html")],
    target: "browser",
    splitting: true,
    minify: true,
    sourcemap: "none",
    publicPath: "/",
    naming: { entry: "[name].[ext]", chunk: "assets/[name]-[hash].[ext]", asset: "assets/[name]-[hash].[ext]" },
    define: { "process.env.NODE_ENV": JSON.stringify("production") },
    plugins: [reactCompiler],
  });
  const asTheyAre = join(clientFolder, "public");
  const names = existsSync(asTheyAre) ? [...new Bun.Glob("**/*").scanSync(asTheyAre)] : [];
  const files = [
    ...built.outputs.map((file) => ({ name: file.path, file })),
    ...names.map((name) => ({ name, file: Bun.file(join(asTheyAre, name)) })),
  ];
  await Promise.all(
    files.map(async ({ name, file }) => {
      const body = name.endsWith("index.html") ? await withBootScript(file) : new Uint8Array(await file.arrayBuffer());
      await write(join(folder, name), body, brotliQuality);
    }),
  );
}

/** How a server that runs from source calls it: quick rather than small. */
const quickQuality = 4;

if (import.meta.main) {
  const [folder] = process.argv.slice(2);
  if (folder === undefined) throw new Error("say into which folder");
  await buildClient(folder, { brotliQuality: quickQuality });
}
