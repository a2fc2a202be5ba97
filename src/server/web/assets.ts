import { readdirSync } from "node:fs";
import { join } from "node:path";
import { withClient } from "./kept-build.ts";

export type Encoding = "br" | "gzip";

/** A file of the client, ready to be sent. */
export interface Asset {
  contentType: string;
  /** Its name carries a hash of what it holds, so it never changes. */
  isImmutable: boolean;
  etag: string;
  plain: Blob;
  encoded: Partial<Record<Encoding, Blob>>;
}

export type Assets = ReadonlyMap<string, Asset>;

async function asset(path: string, plain: Blob, br: Blob | undefined, gzip: Blob | undefined): Promise<Asset> {
  return {
    contentType: Bun.file(path).type,
    isImmutable: path.startsWith("/assets/"),
    etag: Bun.hash(await plain.bytes()).toString(36),
    plain,
    encoded: { ...(br && { br }), ...(gzip && { gzip }) },
  };
}

/** A folder that `buildClient` made: each file with its compressed forms beside it. */
async function fromFolder(folder: string, read: (path: string) => Promise<Blob>): Promise<Assets> {
  const files = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  const names = new Set(files.map((entry) => join(entry.parentPath, entry.name).slice(folder.length)));
  const load = async (name: string) => (names.has(name) ? await read(join(folder, name)) : undefined);
  const assets = new Map<string, Asset>();
  for (const name of names) {
    const plain = /\.(br|gz)$/.test(name) ? undefined : await load(name);
    if (plain) assets.set(name, await asset(name, plain, await load(`${name}.br`), await load(`${name}.gz`)));
  }
  return assets;
}

/**
 * In a process of its own: Babel would hold this one's event loop, and leaves behind an `Error.prepareStackTrace` under
 * which libSQL's errors become TypeErrors, so that no unique violation is known as one any more.
 */
function built(): Promise<Assets> {
  return withClient(
    async (folder) => {
      const building = Bun.spawn([process.execPath, join(import.meta.dir, "bundle.ts"), folder], {
        stdin: "ignore",
        stdout: "ignore",
        stderr: "pipe",
      });
      const trouble = await new Response(building.stderr).text();
      if ((await building.exited) !== 0) throw new Error(`the client cannot be built: ${trouble}`);
    },
    (folder) => fromFolder(folder, async (path) => new Blob([await Bun.file(path).bytes()])),
  );
}

let loading: Promise<Assets> | undefined;

/** The client's files: from the binary, or built now when run from source; once for the process, at the first call. */
export function loadAssets(): Promise<Assets> {
  loading ??= Bun.isStandaloneExecutable
    ? fromFolder(join(import.meta.dir, "web"), async (path) => Bun.file(path))
    : built();
  loading.catch(() => (loading = undefined));
  return loading;
}
