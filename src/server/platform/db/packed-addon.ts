import {
  closeSync,
  existsSync,
  fsyncSync,
  lstatSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  writeSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/**
 * Loads libSQL's addon inside the binary (`build.ts` puts the call there). It is unpacked once, into a folder of the
 * temporary one that belongs to this user alone, and taken from there by every later start and by the lane's Worker.
 * Left to Bun, all of it is read at every start, and those 9 MB of the binary stay in the process's memory.
 *
 * `packed`: the addon, compressed by zstd; `name`: another one for another content.
 */
export function loadPackedAddon(packed: string, name: string): unknown {
  return (addon ??= load(packed, name));
}

/** Of this thread: both of the driver's modules ask for it. */
let addon: unknown;

function load(packed: string, name: string): unknown {
  try {
    const file = join(ownFolder(`parley-${process.getuid?.() ?? 0}-${name}`), "libsql.node");
    if (!existsSync(file)) unpack(packed, file);
    const loaded = { exports: {} };
    process.dlopen(loaded, file);
    return loaded.exports;
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw Object.assign(new Error(reason, { cause: error }), { code: "ERR_DLOPEN_FAILED" });
  }
}

/** What lies in a folder that others may write is not to be loaded. */
function ownFolder(name: string): string {
  const folder = join(tmpdir(), name);
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const found = lstatSync(folder);
  const isOwn = found.isDirectory() && found.uid === process.getuid?.() && (found.mode & 0o022) === 0;
  if (!isOwn) throw new Error(`${folder} is open to others`);
  return folder;
}

/** All of it or nothing: two may start at once, and the machine may stop in the middle. */
function unpack(packed: string, file: string): void {
  const whole = `${file}.${process.pid}`;
  const opened = openSync(whole, "w", 0o600);
  try {
    const bytes = Bun.zstdDecompressSync(readFileSync(packed));
    for (let at = 0; at < bytes.length;) at += writeSync(opened, bytes, at);
    fsyncSync(opened);
  } finally {
    closeSync(opened);
  }
  renameSync(whole, file);
}
