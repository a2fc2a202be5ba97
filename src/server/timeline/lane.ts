import type { Context } from "../context.ts";
import { perContext } from "../context.ts";
import { AppError } from "../platform/app-error.ts";
import type { EmbeddedDatabase, Statement } from "../platform/db/database.ts";
import type { Lane } from "../platform/db/parallel-lanes.ts";
import { WriteLane } from "../platform/db/write-lane.ts";
import { StartError } from "../platform/start-error.ts";
import type { Appended, NewMessage } from "./append.ts";
import type { FromWorker, ToWorker } from "./append-worker.ts";
import { PostgresLanes } from "./lane-postgres.ts";
import { RemoteLane } from "./lane-remote.ts";

const batchMax = 1_000;
/** A quarter of a second of work: who comes later is told so at once, instead of waiting for an answer. */
const waitingMax = 20_000;

interface Committer {
  /** Resolves when batches can be committed; rejects with `StartError`. */
  opened: Promise<void>;
  commit: (jobs: NewMessage[]) => Promise<Appended[]>;
  run: (statements: Statement[]) => Promise<void>;
  /** Called when no batch can be committed any more. */
  onDeath: (error: Error) => void;
  /** Resolves when all that was handed over is done. */
  close: () => Promise<void>;
}

interface Parts {
  timeline: Lane<NewMessage, Appended>;
  opened: Promise<void>;
  /** See {@link runInLane}; on libSQL only. */
  run?: (statements: Statement[]) => Promise<void>;
}

const parts = perContext((ctx): Parts => {
  const { db, metrics } = ctx;
  if (db.dialect === "postgres") {
    const lanes = new PostgresLanes(ctx, db, waitingMax);
    ctx.onClose(() => {
      lanes.stopAsking();
      return lanes.timeline.idle();
    });
    return { timeline: lanes.timeline, opened: Promise.resolve() };
  }
  if (db.isRemote) {
    const remote = new RemoteLane(ctx, db, waitingMax);
    ctx.onClose(() => {
      remote.stopAsking();
      return remote.timeline.idle();
    });
    return { timeline: remote.timeline, opened: Promise.resolve(), run: (statements) => remote.run(statements) };
  }
  const committer = workerCommitter(ctx, db);
  const timeline = new WriteLane<NewMessage, Appended>({
    commit: committer.commit,
    lock: db.writers,
    batchMax,
    waitingMax,
    metrics,
  });
  committer.onDeath = (error) => timeline.fail(error);
  ctx.onClose(async () => {
    await timeline.idle();
    await committer.close();
  });
  return { timeline, opened: committer.opened, run: committer.run };
});

/** The write lane of this process: every message of every room goes through it. */
export function lane(ctx: Context): Lane<NewMessage, Appended> {
  return parts(ctx).timeline;
}

/** Opens the lane, so that what would keep it from storing keeps the server from starting. Throws `StartError`. */
export async function openLane(ctx: Context): Promise<void> {
  await parts(ctx).opened;
}

/**
 * On libSQL: runs statements as one transaction on the lane's thread, so that neither they nor the sync to disk nor a
 * checkpoint stops the event loop; behind a network, in one round trip. The caller holds `db.writers`. Throws
 * `UNAVAILABLE` when that thread is gone. The statements must bear being run twice.
 */
export async function runInLane(ctx: Context, statements: Statement[]): Promise<void> {
  const { run } = parts(ctx);
  if (!run) throw new Error("this lane has no thread of its own");
  await run(statements);
}

/** What the wire says when a whole batch failed: nothing of it was stored, sending again is harmless. */
function refusal(ctx: Context, error: unknown): AppError {
  ctx.log.error("a batch of messages could not be stored", { error });
  return new AppError("UNAVAILABLE", { retryAfterMs: 1_000 });
}

/** The embedded database's end of the lane lives in a Worker, so that syncing to disk never stops the event loop. */
function workerCommitter(ctx: Context, db: EmbeddedDatabase): Committer {
  const worker = new Worker(new URL("./append-worker.ts", import.meta.url));
  const replies: { resolve: (reply: FromWorker) => void; reject: (error: Error) => void }[] = [];
  let isClosed = false;

  /** Answers come in order. */
  const ask = (message: ToWorker) =>
    new Promise<FromWorker>((resolve, reject) => {
      replies.push({ resolve, reject });
      worker.postMessage(JSON.stringify(message));
    });
  const committer: Committer = {
    opened: ask({ open: db.path }).then((reply) => {
      if ("failed" in reply) throw new StartError(`the write lane cannot be opened: ${reply.failed.message}`);
    }),
    commit: async (jobs) => {
      if (isClosed) throw new AppError("UNAVAILABLE");
      const reply = await ask({ append: jobs });
      if ("appended" in reply) return reply.appended;
      throw refusal(ctx, "failed" in reply ? new Error(reply.failed.message) : new Error("an answer out of turn"));
    },
    run: async (statements) => {
      if (isClosed) throw new AppError("UNAVAILABLE");
      const reply = await ask({ run: statements });
      if ("failed" in reply) throw Object.assign(new Error(reply.failed.message), { code: reply.failed.code });
    },
    onDeath: () => {},
    close: async () => {
      if (isClosed) return;
      isClosed = true;
      // Whoever waits for an answer holds the writers' lock, which the closing of the database waits for. Where there
      // comes none the thread has died, and there is nothing left to wait for.
      await ask({ close: true }).catch(() => {});
      worker.terminate();
    },
  };

  const die = (reason: string) => {
    for (const { reject } of replies.splice(0)) reject(new AppError("UNAVAILABLE"));
    if (isClosed) return;
    isClosed = true;
    const error = new Error(`the database's worker has died: ${reason}`);
    committer.onDeath(error);
    ctx.fatal(error);
  };
  worker.onmessage = ({ data }: MessageEvent<string>) => {
    const reply = JSON.parse(data) as FromWorker;
    if ("checkpointFailed" in reply)
      ctx.log.warn("the database's log could not be copied", { reason: reply.checkpointFailed });
    else replies.shift()?.resolve(reply);
  };
  worker.onerror = (event) => die(event.message);
  worker.addEventListener("close", () => die("it ended by itself"));
  return committer;
}
