import { constants } from "node:fs";
import { access, mkdir, mkdtemp, readdir, rename, rm, stat, utimes } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";

/** Fills the empty folder that it is given. */
type Build = (folder: string) => Promise<void>;

const root = resolve(import.meta.dir, "../../..");
/** Builds that nobody has used for so long are removed. */
const keptMs = 24 * 60 * 60_000;

const sources = ["src/web", "src/sdk", "src/protocol", "src/server/web"];

/** All that the client is made of: its sources, how it is built, and the packages as they are pinned. */
export async function clientDigest(root: string): Promise<string> {
  const names = sources.flatMap((folder) => [...new Bun.Glob(`${folder}/**/*`).scanSync(root)].sort());
  const hash = new Bun.CryptoHasher("sha256").update(Bun.version);
  for (const name of [...names, "bun.lock"]) {
    hash.update(`\0${name}\0`).update(await Bun.file(join(root, name)).bytes());
  }
  return hash.digest("hex").slice(0, 32);
}

async function can(path: string, what: number): Promise<boolean> {
  return access(path, what).then(
    () => true,
    () => false,
  );
}

async function inNewFolder<T>(parent: string, work: (folder: string) => Promise<T>): Promise<T> {
  const folder = await mkdtemp(join(parent, "new-"));
  try {
    return await work(folder);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function forgetUnused(keptFolder: string): Promise<void> {
  for (const name of await readdir(keptFolder)) {
    const path = join(keptFolder, name);
    const isOld = async () => (await stat(path)).mtimeMs < Date.now() - keptMs;
    if ((await can(path, constants.F_OK)) && (await isOld())) await rm(path, { recursive: true, force: true });
  }
}

/** The folder `name` in `keptFolder`: filled by `build`, now or at an earlier time; whole or not there. */
export async function keep(keptFolder: string, name: string, build: Build): Promise<string> {
  const kept = join(keptFolder, name);
  if (!(await can(kept, constants.F_OK))) {
    await mkdir(keptFolder, { recursive: true });
    await forgetUnused(keptFolder);
    await inNewFolder(keptFolder, async (folder) => {
      await build(folder);
      // Of two that build at once the later one finds the other's.
      await rename(folder, kept).catch(async (error: unknown) => {
        if (!(await can(kept, constants.F_OK))) throw error;
      });
    });
  }
  const now = new Date();
  await utimes(kept, now, now);
  return kept;
}

/**
 * Gives `use` the client as `build` makes it: built at an earlier start from the same sources, or now. Building takes
 * seconds of processor time, which every restart and every test would spend anew. Where nothing can be written beside
 * the packages, nothing is kept.
 */
export async function withClient<T>(build: Build, use: (folder: string) => Promise<T>): Promise<T> {
  const packages = join(root, "node_modules");
  if (await can(packages, constants.W_OK)) {
    return await use(await keep(join(packages, ".cache/parley-web"), await clientDigest(root), build));
  }
  return await inNewFolder(tmpdir(), async (folder) => {
    await build(folder);
    return await use(folder);
  });
}
