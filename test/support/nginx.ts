import { chmodSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { until } from "./deferred.ts";
import { temporaryFolder } from "./environment.ts";
import { freePort } from "./free-port.ts";
import { orFail } from "./needs.ts";
import type { Reachable } from "./people.ts";

export const nginxProgram = Bun.which("nginx", { PATH: `${process.env["PATH"] ?? ""}:/usr/sbin` });

/** Why there is no nginx on this machine; `undefined` when there is one. */
export const nginxLack = orFail(nginxProgram === null ? "nginx is not installed" : undefined);

const original = readFileSync(join(import.meta.dir, "../../deploy/nginx.conf"), "utf8");

/** The server stops when this process ends, however it ends: then its standard input closes. */
const guarded = `
"$NGINX" -p "$FOLDER" -c "$FOLDER/nginx.conf" -g 'daemon off;' >"$FOLDER/access.log" 2>"$FOLDER/error.log" &
cat >/dev/null
kill -TERM $!
wait $!`;

/** Debian's nginx with `deploy/nginx.conf`, before nodes of a test. */
export class Nginx implements Reachable {
  private constructor(
    readonly url: string,
    private readonly folder: string,
    private readonly child: Bun.Subprocess<"pipe", "ignore", "ignore">,
  ) {}

  get wsUrl(): string {
    return `${this.url.replace("http", "ws")}/ws`;
  }

  /** What it has logged so far: one line a request, and its errors. */
  get log(): { access: string; errors: string } {
    const read = (name: string) => readFileSync(join(this.folder, name), "utf8");
    return { access: read("access.log"), errors: read("error.log") };
  }

  /** Only addresses, ports and the folder for temporary files are other than in the file that people are given. */
  static async before(nodes: readonly { url: string }[], port?: number): Promise<Nginx> {
    if (nginxProgram === null) throw new Error("nginx is not installed");
    const folder = temporaryFolder();
    port ??= await freePort();
    const addresses = nodes.map(({ url }) => new URL(url).host);
    const upstream = /(?: +server 172\.31\.77\.\d+:3000(.*)\n)+/;
    const config = original
      .replace(upstream, (_, how: string) => addresses.map((address) => `    server ${address}${how}\n`).join(""))
      .replaceAll("/tmp/nginx", join(folder, "nginx"))
      .replace("listen 8080;", `listen 127.0.0.1:${port};`);
    await Bun.write(join(folder, "nginx.conf"), config);
    // Its workers are nobody, and keep what does not fit into memory below it.
    chmodSync(folder, 0o755);
    const child = Bun.spawn(["sh", "-c", guarded], {
      env: { PATH: process.env["PATH"] ?? "", NGINX: nginxProgram, FOLDER: folder },
      stdin: "pipe",
      stdout: "ignore",
      stderr: "ignore",
    });
    child.unref();
    const nginx = new Nginx(`http://127.0.0.1:${port}`, folder, child);
    const answers = async () => (await fetch(`${nginx.url}/healthz`).catch(() => undefined))?.ok;
    await until(answers, "nginx's first answer").catch((error: unknown) => {
      throw new Error(`nginx before ${addresses.join(" and ")} does not answer: ${nginx.log.errors}`, { cause: error });
    });
    return nginx;
  }

  async stop(): Promise<void> {
    this.child.stdin.end();
    await this.child.exited;
  }
}
