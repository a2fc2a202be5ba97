import { existsSync } from "node:fs";
import { join } from "node:path";
import { type Peer, startProgram } from "./peer.ts";
import { root, run, temporaryFolder } from "./processes.ts";

/** Where Debian's packages put Go's libraries. */
const libraries = "/usr/share/gocode";

const go = (): string | undefined =>
  [Bun.which("go"), "/usr/lib/go/bin/go", "/usr/local/go/bin/go"].find((path) => path !== null && existsSync(path)) ??
  undefined;

let built: Promise<string> | undefined;

async function build(): Promise<string> {
  const outfile = join(temporaryFolder(), "go-hub");
  await run([go() ?? "go", "build", "-o", outfile, join(root, "bench/peers/go-hub.go")], {
    env: { GO111MODULE: "off", GOPATH: libraries, GOTOOLCHAIN: "local" },
  });
  return outfile;
}

export const goHub: Peer = {
  name: "Go hub",
  ack: "accepted",
  wire: "relay",
  lack: () =>
    go() !== undefined && existsSync(join(libraries, "src/github.com/gorilla/websocket"))
      ? undefined
      : "apt-get install golang-go golang-github-gorilla-websocket-dev",
  async start(plan) {
    built ??= build();
    return startProgram([await built], plan);
  },
};
