import { freePort, leashed, type Running, start, temporaryFolder } from "./processes.ts";

/** Why there is no Redis here, as the way to install it. */
export function lackOfRedis(): string | undefined {
  return Bun.which("redis-server") === null ? "apt-get install redis-server" : undefined;
}

/** A Redis of its own that keeps nothing: it carries what nodes tell each other. */
export async function startRedis(): Promise<Running & { url: string }> {
  const port = freePort();
  const options = ["--port", `${port}`, "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"];
  const running = start(leashed(["redis-server", ...options, "--dir", temporaryFolder()]));
  await running.line((line) => (line.includes("Ready to accept connections") ? line : undefined));
  return { ...running, url: `redis://127.0.0.1:${port}` };
}
