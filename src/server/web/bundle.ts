import type { BunPlugin } from "bun";
import { existsSync } from "node:fs";
import { brotliCompress, constants, gzip } from "node:zlib";
import { promisify } from "node:util";
import { join, resolve } from "node:path";

/** One file of the client as it is served: `path` begins with `/`; a shorter form only where it is shorter. */
export interface ClientFile {
  path: string;
  body: Uint8Array<ArrayBuffer>;
  br: Uint8Array<ArrayBuffer> | undefined;
  gz: Uint8Array<ArrayBuffer> | undefined;
}

const clientFolder = resolve(import.meta.dir, "../../web");

/**
 * Babel rewrites the stack of every error of the process from its first transformation on, and in Bun 1.4.5 that turns
 * libsql's errors into a TypeError without their code: a name taken would become a 500. It refrains where the length of
 * stacks cannot be set, which it looks up when it is loaded.
 */
async function loadBabel(): Promise<typeof import("@babel/core")> {
  const limit = Object.getOwnPropertyDescriptor(Error, "stackTraceLimit") ?? {};
  Object.defineProperty(Error, "stackTraceLimit", { ...limit, writable: false });
  try {
    return await import("@babel/core");
  } finally {
    Object.defineProperty(Error, "stackTraceLimit", limit);
  }
}

/** Lets React Compiler memoise components and hooks. What it cannot prove safe it leaves as written. */
const reactCompiler: BunPlugin = {
  name: "react-compiler",
  async setup(build) {
    const { transformAsync } = await loadBabel();
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

async function compressed(path: string, body: Uint8Array<ArrayBuffer>, brotliQuality: number): Promise<ClientFile> {
  if (!compressible.test(path)) return { path, body, br: undefined, gz: undefined };
  const [br, gz] = await Promise.all([
    promisify(brotliCompress)(body, { params: { [constants.BROTLI_PARAM_QUALITY]: brotliQuality } }),
    promisify(gzip)(body, { level: 9 }),
  ]);
  const ifShorter = (bytes: Buffer) => (bytes.length < body.length ? new Uint8Array(bytes) : undefined);
  return { path, body, br: ifShorter(br), gz: ifShorter(gz) };
}

/** Bun folds every script of a page into its module, which runs after the first paint; this one sets theme and language. */
async function withBootScript(page: Uint8Array<ArrayBuffer>): Promise<Uint8Array<ArrayBuffer>> {
  const rewriter = new HTMLRewriter().on("title", {
    element: (title) => void title.before('<script src="/boot.js"></script>', { html: true }),
  });
  return await rewriter.transform(new Response(page)).bytes();
}

/**
 * Builds the web client: one HTML page, hashed files below `/assets/`, split where it imports dynamically, and what
 * lies in `src/web/public` as it is. Throws an AggregateError that names every mistake.
 */
export async function bundleClient(options: { brotliQuality: number }): Promise<ClientFile[]> {
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
  const files = await Promise.all(
    built.outputs.map(async (output) => ({
      path: join("/", output.path),
      body: new Uint8Array(await output.arrayBuffer()),
    })),
  );
  const page = files.find(({ path }) => path === "/index.html");
  if (page) page.body = await withBootScript(page.body);
  const asTheyAre = join(clientFolder, "public");
  const names = existsSync(asTheyAre) ? [...new Bun.Glob("**/*").scanSync(asTheyAre)] : [];
  for (const name of names) {
    files.push({ path: join("/", name), body: await Bun.file(join(asTheyAre, name)).bytes() });
  }
  return await Promise.all(files.map(({ path, body }) => compressed(path, body, options.brotliQuality)));
}
