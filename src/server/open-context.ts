import { randomBytes } from "node:crypto";
import { eq } from "drizzle-orm";
import { chmodSync, existsSync, linkSync, mkdirSync, readFileSync, unlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Config } from "./config.ts";
import type { Context } from "./context.ts";
import type { Bus } from "./platform/bus/bus.ts";
import { demandSharedDatabase, openBus } from "./open-bus.ts";
import { CacheRegistry } from "./platform/cache/cache.ts";
import { type Clock, systemClock } from "./platform/clock.ts";
import type { Database } from "./platform/db/database.ts";
import { openDatabase } from "./platform/db/open.ts";
import { watchClock } from "./platform/db/postgres/clock.ts";
import { watchNodes } from "./platform/db/postgres/nodes.ts";
import { Emitter } from "./platform/emitter.ts";
import { Jobs } from "./platform/jobs/jobs.ts";
import { alwaysLeads, PostgresLeadership } from "./platform/jobs/leadership.ts";
import { Limits } from "./platform/limits/limits.ts";
import { named } from "./platform/log.ts";
import { createMailer } from "./platform/mail/create-mailer.ts";
import type { Mailer } from "./platform/mail/mail.ts";
import { createMetrics } from "./platform/metrics.ts";
import { StartError } from "./platform/start-error.ts";
import { Hub } from "./realtime/hub.ts";
import { Publisher } from "./realtime/publish.ts";
import { sharedRooms } from "./realtime/shared-rooms.ts";

/** What a test, or a program around the server, puts in the place of our own parts. */
export interface ContextOverrides {
  clock?: Clock;
  bus?: Bus;
  mailer?: Mailer;
  /** What happens when a part has died without which nothing can be stored. */
  fatal?: (error: Error) => void;
}

export interface OpenContext {
  context: Context;
  /** The sockets of this node; without a server there are none. */
  hub: Hub;
  /** Ends everything, in the reverse order of its making. */
  close(): Promise<void>;
}

const secretBytes = 32;

/** Builds what the verbs use, from the bottom up. Throws `StartError`. */
export async function openContext(config: Config, overrides: ContextOverrides = {}): Promise<OpenContext> {
  const clock = overrides.clock ?? systemClock;
  const log = named("server");
  const metrics = createMetrics();
  const fatal = overrides.fatal ?? ((error: Error) => log.fatal("the server cannot go on", { error }));
  openDataDir(config.dataDir);
  demandSharedDatabase(config);
  const db = await openDatabase(config.databaseUrl, named("database"), {
    authToken: config.databaseAuthToken,
    connections: config.databasePool,
    replicaUrl: config.databaseReplicaUrl,
    metrics,
  });
  const closing: (() => Promise<void> | void)[] = [() => db.close()];
  try {
    const epoch = await settled(db, "epoch", () => Bun.randomUUIDv7());
    const secret = await readSecret(config, db);
    const bus =
      overrides.bus ??
      (await openBus(config, {
        epoch,
        secret,
        clock,
        metrics,
        log: named("bridge"),
        fatal,
        storedEpoch: () => stored(db, "epoch"),
      }));
    closing.push(() => bus.close());
    const mailer =
      overrides.mailer ??
      createMailer({
        smtpUrl: config.smtpUrl,
        from: config.mailFrom,
        outboxFolder: join(config.dataDir, "outbox"),
        clock,
        log: named("mail"),
        metrics,
      });
    const caches = new CacheRegistry();
    const leadership =
      db.dialect === "postgres"
        ? new PostgresLeadership(config.databaseUrl, { log: named("jobs"), metrics, nodeId: bus.nodeId })
        : alwaysLeads(metrics);
    const jobs = new Jobs(clock, named("jobs"), leadership);
    if (db.dialect === "postgres") {
      watchClock(db, jobs, metrics, named("database"));
      watchNodes({ db, bus, jobs, metrics, log: named("bridge") });
    }
    const hub = new Hub({ clock, log: named("sockets"), metrics, socketsPerUser: config.socketsPerUser });
    const roomsOf = (userId: string) => sharedRooms({ db }, userId);
    const publish = new Publisher({ hub, bus, caches, clock, log: named("sockets"), metrics, roomsOf });
    const limits = new Limits(clock, config.rateLimits, bus.shared, () => bus.neighbours().length + 1);
    closing.push(
      limits.start(),
      () => mailer.close(),
      () => hub.stop(),
      () => jobs.stop(),
    );
    const context: Context = {
      config,
      clock,
      log,
      metrics,
      db,
      bus,
      caches,
      limits,
      jobs,
      mailer,
      publish,
      happenings: new Emitter((error, what) => log.error("what follows from an event failed", { what, error })),
      epoch,
      secret,
      fatal,
      onClose: (task) => void closing.push(task),
    };
    const close = () => {
      if (db.dialect === "libsql" && db.isRemote) db.hurry();
      return closeAll(closing);
    };
    return { context, hub, close };
  } catch (error) {
    await closeAll(closing);
    throw error;
  }
}

async function closeAll(closing: (() => Promise<void> | void)[]): Promise<void> {
  const errors: unknown[] = [];
  for (let task = closing.pop(); task; task = closing.pop()) {
    try {
      await task();
    } catch (error) {
      errors.push(error);
    }
  }
  if (errors.length > 0) throw new AggregateError(errors, "the server did not end in order");
}

function openDataDir(folder: string): void {
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
  } catch (error) {
    throw new StartError(
      `DATA_DIR ${folder} cannot be made: ${error instanceof Error ? error.message : String(error)}`,
    );
  }
}

/** What the installation has stored under `name`; the first who asks decides it, also among starts at once. */
async function settled(db: Database, name: string, make: () => string): Promise<string> {
  const { settings } = db.tables;
  await db.write((tx) => tx.insert(settings).values({ name, value: make() }).onConflictDoNothing());
  const value = await stored(db, name);
  if (value === undefined) throw new StartError(`the database does not keep its settings: ${name} is missing`);
  return value;
}

async function stored(db: Database, name: string): Promise<string | undefined> {
  const { settings } = db.tables;
  const [row] = await db.read.select().from(settings).where(eq(settings.name, name));
  return row?.value;
}

/**
 * `JWT_SECRET`, or one made at first start: in a file beside the embedded database, so that a copy of the database alone
 * signs nobody in; in the database itself behind a network, where several nodes must agree, or none has a folder that
 * stays.
 */
async function readSecret({ jwtSecret, dataDir }: Config, db: Database): Promise<Uint8Array> {
  if (jwtSecret !== undefined) return new TextEncoder().encode(jwtSecret);
  const make = () => randomBytes(secretBytes).toString("base64url");
  if (db.dialect === "postgres" || db.isRemote) return Buffer.from(await settled(db, "jwt_secret", make), "base64url");
  const folder = join(dataDir, "secrets");
  const path = join(folder, "jwt");
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    if (!existsSync(path)) writeNew(path, make());
    chmodSync(path, 0o600);
    const secret = Buffer.from(readFileSync(path, "utf8").trim(), "base64url");
    if (secret.length < secretBytes) throw new Error("it is too short");
    return secret;
  } catch (error) {
    throw new StartError(
      `the secret in ${path} cannot be used: ${error instanceof Error ? error.message : String(error)}`,
    );
  }
}

/** Of two starts at once, one writes it and both read the same. */
function writeNew(path: string, secret: string): void {
  const draft = `${path}.${process.pid}`;
  writeFileSync(draft, secret, { mode: 0o600 });
  try {
    linkSync(draft, path);
  } catch (error) {
    if (!(error instanceof Error && "code" in error && error.code === "EEXIST")) throw error;
  } finally {
    unlinkSync(draft);
  }
}
