import { readdirSync } from "node:fs";
import { join } from "node:path";

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

/** `build.ts` embeds the folder `web`, each file with its compressed forms beside it. */
async function embedded(): Promise<Assets> {
  const folder = join(import.meta.dir, "web");
  const files = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  const names = new Set(files.map((entry) => join(entry.parentPath, entry.name).slice(folder.length)));
  const file = (name: string) => (names.has(name) ? Bun.file(join(folder, name)) : undefined);
  const assets = new Map<string, Asset>();
  for (const name of names) {
    const plain = /\.(br|gz)$/.test(name) ? undefined : file(name);
    if (plain) assets.set(name, await asset(name, plain, file(`${name}.br`), file(`${name}.gz`)));
  }
  return assets;
}

async function bundled(): Promise<Assets> {
  const { bundleClient } = await import("./bundle.ts");
  const blob = (bytes: Uint8Array<ArrayBuffer> | undefined) => bytes && new Blob([bytes]);
  const assets = new Map<string, Asset>();
  for (const { path, body, br, gz } of await bundleClient({ brotliQuality: 4 })) {
    assets.set(path, await asset(path, new Blob([body]), blob(br), blob(gz)));
  }
  return assets;
}

let loading: Promise<Assets> | undefined;

/**
 * The client's files: from the binary, or bundled now when run from source; once for the process, at the first call.
 * `build.ts` defines `Bun.isStandaloneExecutable`, so that the bundler and its plugins stay out of the binary.
 */
export function loadAssets(): Promise<Assets> {
  loading ??= Bun.isStandaloneExecutable ? embedded() : bundled();
  loading.catch(() => (loading = undefined));
  return loading;
}
