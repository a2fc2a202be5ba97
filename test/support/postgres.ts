import { chownSync, existsSync, mkdtempSync, readdirSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import postgres from "postgres";
import { freePort } from "./free-port.ts";
import { keep, saysReady } from "./keeper.ts";
import { orFail } from "./needs.ts";

const programs = findPrograms();

/** Why there is no Postgres on this machine; `undefined` when there is one. */
export const postgresLack = orFail(programs === undefined ? "Postgres is not installed" : undefined);

function findPrograms(): string | undefined {
  const root = "/usr/lib/postgresql";
  const versions = existsSync(root) ? readdirSync(root).sort((a, b) => Number(b) - Number(a)) : [];
  const bins = versions.map((version) => join(root, version, "bin"));
  const onPath = Bun.which("initdb");
  return [...bins, ...(onPath ? [join(onPath, "..")] : [])].find((bin) => existsSync(join(bin, "initdb")));
}

/** initdb and postgres refuse to run as root: then they run as the system's user for it. */
export function unprivileged(): { uid: number; gid: number } | undefined {
  if (process.getuid?.() !== 0) return undefined;
  const id = (flag: string, user: string) => Bun.spawnSync(["id", flag, user]);
  const user = ["postgres", "nobody"].find((name) => id("-u", name).success);
  if (user === undefined) throw new Error("Postgres needs a user that is not root");
  return { uid: Number(id("-u", user).stdout), gid: Number(id("-g", user).stdout) };
}

interface PostgresOptions {
  /** Beside those that make it fast: `{ max_connections: "20" }`. */
  settings?: Readonly<Record<string, string>>;
}

/** What was committed may be lost with the machine, not with the process. */
const fastSettings = {
  listen_addresses: "127.0.0.1",
  unix_socket_directories: "",
  fsync: "off",
  full_page_writes: "off",
  max_connections: "300",
  shared_buffers: "64MB",
};

/** A Postgres of a test's own, which can be stopped hard and started again on the same data and port. */
export class PostgresServer {
  #child: Bun.Subprocess<"ignore", "ignore", "pipe"> | undefined;
  readonly #end: () => Promise<void>;
  #databases = 0;
  /** Is given what the server writes into its log. */
  hear: (text: string) => void = () => {};

  private constructor(
    private readonly bin: string,
    private readonly data: string,
    private readonly as: { uid: number; gid: number } | undefined,
    readonly port: number,
    private readonly settings: Readonly<Record<string, string>>,
  ) {
    this.#end = keep(data, join(data, "postmaster.pid"));
  }

  /** Ends with this process at the latest. */
  static async start({ settings = {} }: PostgresOptions = {}): Promise<PostgresServer> {
    if (programs === undefined) throw new Error("Postgres is not installed");
    const as = unprivileged();
    const data = mkdtempSync(join(tmpdir(), "parley-postgres-"));
    if (as) chownSync(data, as.uid, as.gid);
    const init = Bun.spawnSync(
      [join(programs, "initdb"), "-D", data, "-U", "parley", "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync"],
      { ...as, cwd: data },
    );
    if (!init.success) throw new Error(`initdb failed: ${init.stderr.toString()}`);
    const server = new PostgresServer(programs, data, as, await freePort(), { ...fastSettings, ...settings });
    await server.run();
    return server;
  }

  /** Another server that follows this one. */
  async replica(): Promise<PostgresServer> {
    const data = mkdtempSync(join(tmpdir(), "parley-postgres-"));
    if (this.as) chownSync(data, this.as.uid, this.as.gid);
    const from = ["-h", "127.0.0.1", "-p", String(this.port), "-U", "parley"];
    // -R: it knows whom to follow, and that it follows.
    const copy = Bun.spawnSync(
      [join(this.bin, "pg_basebackup"), ...from, "-D", data, "-R", "-c", "fast", "--no-sync"],
      {
        ...this.as,
        cwd: data,
      },
    );
    if (!copy.success) throw new Error(`pg_basebackup failed: ${copy.stderr.toString()}`);
    const server = new PostgresServer(this.bin, data, this.as, await freePort(), this.settings);
    await server.run();
    return server;
  }

  /** Of the server itself; databases by {@link fresh}. */
  get url(): string {
    return `postgres://parley@127.0.0.1:${this.port}`;
  }

  /** Starts it again after {@link halt}; resolves when it takes connections. */
  async run(): Promise<void> {
    const settings = Object.entries(this.settings).flatMap(([name, value]) => ["-c", `${name}=${value}`]);
    this.#child = Bun.spawn([join(this.bin, "postgres"), "-D", this.data, "-p", String(this.port), ...settings], {
      ...this.as,
      cwd: this.data,
      env: { PATH: process.env["PATH"] ?? "" },
      stdin: "ignore",
      stdout: "ignore",
      stderr: "pipe",
    });
    this.#child.unref();
    await saysReady(
      this.#child.stderr,
      (log) => /ready to accept (read-only )?connections/.test(log),
      (text) => this.hear(text),
    );
  }

  /** Ends it. `crash`: at once, as after a failure, so that its next start recovers; `restart`: every session is told. */
  async halt(how: "restart" | "crash"): Promise<void> {
    this.#child?.kill(how === "crash" ? "SIGQUIT" : "SIGINT");
    await this.#child?.exited;
    this.#child = undefined;
  }

  /** A fresh, empty database. */
  async fresh(): Promise<TestDatabase> {
    const name = `parley_${process.pid}_${++this.#databases}`;
    await this.administer((sql) => sql`CREATE DATABASE ${sql(name)}`);
    return {
      url: `${this.url}/${name}`,
      drop: () => this.administer((sql) => sql`DROP DATABASE IF EXISTS ${sql(name)} WITH (FORCE)`),
    };
  }

  /** Runs `work` on a connection of its own to the server's own database. */
  async administer(work: (sql: postgres.Sql) => Promise<unknown>): Promise<void> {
    const sql = postgres(`${this.url}/postgres`, { max: 1, onnotice: () => {} });
    try {
      await work(sql);
    } finally {
      await sql.end();
    }
  }

  async stop(): Promise<void> {
    await this.#end();
  }
}

let running: Promise<PostgresServer> | undefined;

export interface TestDatabase {
  url: string;
  drop(): Promise<void>;
}

/** A fresh, empty database on the one Postgres of this test process, which is started when first asked for. */
export async function freshPostgres(): Promise<TestDatabase> {
  running ??= PostgresServer.start({ settings: { synchronous_commit: "off" } });
  return (await running).fresh();
}
