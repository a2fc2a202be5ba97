import { existsSync, realpathSync } from "node:fs";
import { basename, join } from "node:path";
import { type Peer, startProgram } from "./peer.ts";
import { root, temporaryFolder } from "./processes.ts";

const packages = join(root, "node_modules");

/** Bun may put itself on the path as `node`. */
function node(): string | undefined {
  const path = Bun.which("node");
  return path === null || basename(realpathSync(path)).startsWith("bun") ? undefined : path;
}

function lackOfPackages(...names: string[]): string | undefined {
  return names.every((name) => existsSync(join(packages, name))) ? undefined : "bun install";
}

let built: Promise<string> | undefined;

/** Our file without its types; Socket.IO itself stays as it is. */
async function build(): Promise<string> {
  const outdir = temporaryFolder();
  await Bun.build({
    entrypoints: [join(root, "bench/peers/socket-io-node.ts")],
    outdir,
    target: "node",
    format: "cjs",
    packages: "external",
  });
  return join(outdir, "socket-io-node.js");
}

export const socketIoOnNode: Peer = {
  name: "Socket.IO on Node",
  ack: "accepted",
  wire: "socketio",
  lack: () => (node() === undefined ? "apt-get install nodejs" : lackOfPackages("socket.io")),
  async start(plan) {
    built ??= build();
    return startProgram([node() ?? "node", await built], plan, { NODE_PATH: packages });
  },
};

export const socketIoOnBun: Peer = {
  name: "Socket.IO on Bun",
  ack: "accepted",
  wire: "socketio",
  lack: () => lackOfPackages("socket.io", "@socket.io/bun-engine"),
  start: (plan) => startProgram([process.execPath, join(root, "bench/peers/socket-io-bun.ts")], plan),
};
